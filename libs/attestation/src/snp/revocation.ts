import type { KeyObject } from 'node:crypto';
import type { Certificate } from '../der/certificate.ts';
import { keyUsageAllows } from '../der/extensions.ts';
import { type RevocationList, readRevocationList } from '../der/revocation-list.ts';
import { sayAlgorithm } from '../der/signature-algorithm.ts';
import type { Check } from '../verdict.ts';
import { check, readOr, unchecked } from './check.ts';
import { amdSignature, isSignedBy } from './signature.ts';

/** When a list says of itself that it holds. */
export interface RevocationWindow {
  readonly thisUpdateMs: number;
  readonly nextUpdateMs: number | null;
}

export interface Revocation {
  readonly checks: readonly Check[];
  readonly window: RevocationWindow | null;
}

export interface Issued {
  readonly intermediate: Certificate | null;
  /** The root's certificate, where one was offered. */
  readonly root: Certificate | null;
  readonly rootKey: KeyObject | null;
}

/**
 * Whether the root took its word back. A list that the root did not sign proves nothing and fails, whatever it lists; no list
 * at all is `unchecked`, and the policy's to allow. VCEKs have serial number 0, so that lists name intermediates only.
 */
export const checkRevocation = (crl: Uint8Array | null, issued: Issued): Revocation => {
  if (crl === null) {
    return { checks: [unchecked('snp-crl', 'no revocation list was given', 'one signed by the root')], window: null };
  }
  const read = readOr('snp-crl', () => readRevocationList(crl));
  if ('failed' in read) return { checks: [read.failed], window: null };
  const { thisUpdateMs, nextUpdateMs } = read.value;
  const window = { thisUpdateMs, nextUpdateMs };
  if (issued.intermediate === null) {
    return { checks: [unchecked('snp-crl', 'there is no chain to hold it against', 'one signed by the root')], window };
  }
  const signature = signatureCheck(read.value, issued);
  const checks = signature.outcome === 'passed' ? [signature, revokedCheck(read.value, issued)] : [signature];
  return { checks, window };
};

const signatureCheck = (list: RevocationList, { intermediate, root, rootKey }: Issued): Check => {
  const critical = [...list.extensions].find(([, one]) => one.critical);
  const byRoot = intermediate !== null && Buffer.compare(list.issuer.raw, intermediate.issuer.raw) === 0;
  const mayList = root === null || (usageAllows(root) ?? true);
  const wanted = `${amdSignature} by the root; no critical extensions`;
  if (critical !== undefined) return check('snp-crl', false, `critical extension ${critical[0]}`, wanted);
  if (!byRoot) return check('snp-crl', false, `issued by ${list.issuer.commonName}`, wanted);
  if (!mayList) return check('snp-crl', false, 'a root whose key may not sign lists', wanted);
  const good = isSignedBy(list, rootKey);
  const observed = `${sayAlgorithm(list.signatureAlgorithm)}, ${good ? 'verified' : 'not verified'}`;
  return check('snp-crl', good, observed, wanted);
};

const usageAllows = (root: Certificate): boolean | null => {
  const read = readOr('snp-crl', () => keyUsageAllows(root.extensions, 'cRLSign'));
  return 'failed' in read ? false : read.value;
};

const revokedCheck = ({ revokedSerials }: RevocationList, { intermediate, root }: Issued): Check => {
  const listed = [intermediate, root].find((one) => one !== null && revokedSerials.has(one.serialHex)) ?? null;
  const observed =
    listed === null
      ? `${revokedSerials.size} serial numbers, none of this chain`
      : `${listed.subject.commonName} (serial ${listed.serialHex}) is revoked`;
  return check('snp-not-revoked', listed === null, observed, 'no certificate of the chain in the list');
};

/** Where a list stands at an instant. One that is not in force yet counts as stale: it does not speak for that instant. */
export const revocationAt = (window: RevocationWindow | null, atMs: number): 'fresh' | 'stale' | 'absent' => {
  if (window === null) return 'absent';
  const { thisUpdateMs, nextUpdateMs } = window;
  return thisUpdateMs <= atMs && nextUpdateMs !== null && atMs <= nextUpdateMs ? 'fresh' : 'stale';
};
