import {
  certificatesOf,
  fitsAddress,
  Malformed,
  nextVekStep,
  readCertificate,
  readRevocationList,
  type SnpProduct,
  type VekAddress,
  type VekAnswer,
  type VekSource,
  vekAddressOf,
  vekIdentityOf,
} from '#attestation';
import type { Clock } from '#events';
import { createFetcher, type Fetcher, type Had } from './fetcher.ts';
import { sharedPath, vcekPath } from './key-server.ts';
import { certificateBytesMax, chainKeptMs, listBytesMax, listKeptMs } from './limits.ts';

export interface AmdVekSourceOptions {
  /** Where the key server is: {@link amdKeyServerUrl}, or a mirror of it. */
  readonly baseUrl: URL;
  /** A folder of its own for what it keeps. */
  readonly folder: string;
  readonly clock: Clock;
}

export const amdKeyServerUrl = 'https://kdsintf.amd.com/';

/**
 * Endorsements from the evidence, else from a folder by chip and TCB, else from AMD's key server; lists only ever from the
 * last two. Asks the server about once in ten seconds for each kind of thing, less after refusals, and says `stale` when it gives what was known before.
 * Verifies nothing: whoever runs the server can withhold, not forge.
 */
export const createAmdVekSource = ({ baseUrl, folder, clock }: AmdVekSourceOptions): VekSource => {
  const fetcher = createFetcher({ baseUrl, folder, clock });
  return {
    endorsementsFor: async (report, offered) => {
      const identity = offered.vek === null ? null : vekIdentityOf(offered.vek);
      const address = vekAddressOf(report, identity?.product ?? null);
      const kept = address === null ? null : await fetcher.kept(nameOf(address), fits(address));
      const step = nextVekStep(address, offered.vek, kept?.bytes ?? null);
      if ('refuse' in step) return unaddressable;
      const vek = await vekOf(step, { address, offered: offered.vek, kept: kept?.bytes ?? null, fetcher });
      if ('found' in vek) return vek;
      const about = vekIdentityOf(vek.bytes);
      if (about === null) return unaddressable;
      return withShared(vek, { ...about, offeredChain: offered.chain, fetcher, clock });
    },
  };
};

type Vek = { readonly bytes: Uint8Array; readonly from: 'evidence' | 'cache' | 'key-server' };

type VekSources = {
  readonly address: VekAddress | null;
  readonly offered: Uint8Array | null;
  readonly kept: Uint8Array | null;
  readonly fetcher: Fetcher;
};

const vekOf = async (
  step: { readonly take: 'evidence' | 'cache' } | { readonly ask: 'key-server' },
  { address, offered, kept, fetcher }: VekSources,
): Promise<Vek | Extract<VekAnswer, { found: false }>> => {
  if ('take' in step) {
    const bytes = step.take === 'evidence' ? offered : kept;
    return bytes === null ? unaddressable : { bytes, from: step.take };
  }
  if (address === null) return unaddressable;
  const had = await fetcher.have({
    ...{ name: nameOf(address), path: vcekPath(address), lane: 'vcek', bytesMax: certificateBytesMax },
    ...{ keptMs: Number.POSITIVE_INFINITY, isGood: fits(address) },
  });
  if (had.found) return { bytes: had.bytes, from: 'key-server' };
  // A certificate that does not fit is still the sender's best word; the verifier says why it does not do.
  return offered === null ? had : { bytes: offered, from: 'evidence' };
};

type Shared = {
  readonly product: SnpProduct;
  readonly kind: 'vcek' | 'vlek';
  readonly offeredChain: readonly Uint8Array[];
  readonly fetcher: Fetcher;
  readonly clock: Clock;
};

/** The issuer's certificates and the list, which all chips of a product share. What cannot be had is left out, for the policy to judge. */
const withShared = async (vek: Vek, { product, kind, offeredChain, fetcher, clock }: Shared): Promise<VekAnswer> => {
  const lookFor = (
    what: 'cert_chain' | 'crl',
    bytesMax: number,
    keptMs: number,
    isGood: (bytes: Uint8Array) => boolean,
  ) =>
    fetcher.have({
      ...{
        name: `${kind}-${product}-${what}`,
        path: sharedPath(kind, product, what),
        lane: `${kind}-${product}-${what}`,
      },
      ...{ bytesMax, keptMs, isGood },
    });
  const [chain, crl]: readonly [Had | null, Had] = await Promise.all([
    offeredChain.length > 0 ? null : lookFor('cert_chain', certificateBytesMax, chainKeptMs, isChain),
    lookFor('crl', listBytesMax, listKeptMs, isList),
  ]);
  return {
    found: true,
    endorsements: {
      vek: vek.bytes,
      chain: chain === null ? offeredChain : chain.found ? certificatesOf(chain.bytes) : [],
      crl: crl.found ? crl.bytes : null,
    },
    vekFrom: vek.from,
    crlAgeMs: crl.found ? clock.now() - crl.fetchedAtMs : null,
    stale: (crl.found && crl.stale) || (chain?.found === true && chain.stale),
  };
};

const unaddressable: Extract<VekAnswer, { found: false }> = {
  ...{ found: false, code: 'unaddressable', retryAfterMs: null },
  detail:
    'the report names no chip of a known product (masked, signed by a VLEK, or version 2): send its certificate with it',
};

const nameOf = ({ product, hwIdHex, tcb }: VekAddress): string =>
  `${product}/${hwIdHex}/${[tcb.fmc ?? 'none', tcb.bootloader, tcb.tee, tcb.snp, tcb.microcode].join('-')}`;

const fits =
  (address: VekAddress) =>
  (bytes: Uint8Array): boolean =>
    fitsAddress(bytes, address);

const isChain = (bytes: Uint8Array): boolean =>
  isReadable(() => certificatesOf(bytes).map((one) => readCertificate(one)));
const isList = (bytes: Uint8Array): boolean => isReadable(() => readRevocationList(bytes));

const isReadable = (read: () => unknown): boolean => {
  try {
    read();
    return true;
  } catch (error) {
    if (error instanceof Malformed) return false;
    throw error;
  }
};
