import type { SnpEndorsements } from './certificate-verdict.ts';
import { hexOf, isFilled, readOr } from './check.ts';
import type { SnpProduct, SnpTcb } from './claims.ts';
import { parseSnpReport } from './report.ts';
import { isChipKeyMasked, signingKeyOf } from './report-checks.ts';
import { readTcb, sameTcb } from './tcb.ts';
import { readVek } from './vek.ts';
import { layoutOf } from './verify.ts';

/** Where a VCEK is found: the chip, and the firmware its key was derived for. */
export interface VekAddress {
  readonly product: SnpProduct;
  /** 64 bytes, 8 on Turin, lower case. */
  readonly hwIdHex: string;
  readonly tcb: SnpTcb;
}

/** What came with the evidence; each part may be missing. Nothing of it is trusted for having come. */
export interface OfferedEndorsements {
  readonly vek: Uint8Array | null;
  readonly chain: readonly Uint8Array[];
}

export type VekAnswer =
  | {
      readonly found: true;
      readonly endorsements: SnpEndorsements;
      readonly vekFrom: 'evidence' | 'cache' | 'key-server';
      /** Age of the revocation list, which is never the evidence's own; `null` where none could be had. */
      readonly crlAgeMs: number | null;
      /** The key server was asked for something newer and did not give it: this is what was known before. */
      readonly stale: boolean;
    }
  | {
      readonly found: false;
      /** `unaddressable`: a report that names no chip needs its certificate with it. `unknown`: the key server has none. `later`: it does not answer now. */
      readonly code: 'unaddressable' | 'unknown' | 'later';
      readonly detail: string;
      readonly retryAfterMs: number | null;
    };

/** Finds what a report's signature rests on. Verifies nothing: its answer goes to {@link verifySnp} as it is. */
export interface VekSource {
  readonly endorsementsFor: (report: Uint8Array, offered: OfferedEndorsements) => Promise<VekAnswer>;
}

/**
 * The address of a report's VCEK. `null` where there is none: a report that is malformed, masked, signed by a VLEK, or (version 2)
 * silent about its product, unless `product` names it.
 */
export const vekAddressOf = (bytes: Uint8Array, product: SnpProduct | null): VekAddress | null => {
  const read = readOr('snp-report-form', () => parseSnpReport(bytes));
  if ('failed' in read) return null;
  const report = read.value;
  const layout = layoutOf(report, product);
  const nameless = isChipKeyMasked(report) || isFilled(report.chipId, 0) || signingKeyOf(report) !== 'vcek';
  if (layout === null || nameless) return null;
  const hwId = report.chipId.subarray(0, layout === 'turin' ? 8 : 64);
  return { product: layout, hwIdHex: hexOf(hwId), tcb: readTcb(report.reportedTcb, layout) };
};

/** The product a certificate says it is of, and whether it is a VLEK; `null` for one that cannot be read. */
export const vekIdentityOf = (
  vek: Uint8Array,
): { readonly product: SnpProduct; readonly kind: 'vcek' | 'vlek' } | null => {
  const read = readOr('snp-vek-form', () => readVek(vek));
  return 'failed' in read ? null : { product: read.value.product, kind: read.value.kind };
};

/** Whether a certificate is the one for this chip and firmware, by its own word. One that is not would only fail later, when another might do. */
export const fitsAddress = (vek: Uint8Array, address: VekAddress): boolean => {
  const read = readOr('snp-vek-form', () => readVek(vek));
  if ('failed' in read) return false;
  const { product, hwId, tcb } = read.value;
  return product === address.product && hwId !== null && hexOf(hwId) === address.hwIdHex && sameTcb(tcb, address.tcb);
};

export type VekStep =
  | { readonly take: 'evidence' | 'cache' }
  | { readonly ask: 'key-server' }
  | { readonly refuse: 'unaddressable' };

/**
 * The order of sources: the certificate that came with the evidence, then the cache, then AMD's key server. A certificate of
 * a report without an address can only be taken as it came.
 */
export const nextVekStep = (
  address: VekAddress | null,
  offered: Uint8Array | null,
  cached: Uint8Array | null,
): VekStep => {
  if (address === null) return offered === null ? { refuse: 'unaddressable' } : { take: 'evidence' };
  if (offered !== null && fitsAddress(offered, address)) return { take: 'evidence' };
  return cached !== null && fitsAddress(cached, address) ? { take: 'cache' } : { ask: 'key-server' };
};
