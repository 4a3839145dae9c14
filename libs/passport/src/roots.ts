import { judgeCertificates, Malformed, readVek, type TrustRoots, trustRootOf } from '#attestation';
import type { Network } from '#domain';
import { byProcessor, firstOf, type PassportCheck, unchecked } from './check.ts';
import { type Certificates, type Court, certificateSha256 } from './judging.ts';
import type { ListHere } from './lists.ts';

/**
 * Whose processors a network's guests run on: AMD's roots, or on a simulated network the software root whose key it was founded
 * with. That one comes with the evidence, and is believed for its key and for nothing else.
 */
export const rootsFor =
  ({ kind, name, simulatedRootSha256 }: Network, amd: TrustRoots): Court['rootsOf'] =>
  (chain, vek) => {
    if (kind === 'production') return amd;
    const product = vek === null ? null : orNull(() => readVek(vek).product);
    if (product === null) return [];
    return chain.flatMap((certificate) => {
      const root = orNull(() =>
        trustRootOf(certificate, { name: `SIMULATED root of ${name}`, product, simulated: true }),
      );
      return root?.spkiSha256 === simulatedRootSha256 && root !== null ? [root] : [];
    });
  };

/** What a processor's certificate leads to, and whether its root has taken anything of that back. */
export const certificateChecks = (
  { vek, chain }: Certificates,
  rootsOf: Court['rootsOf'],
  lists: readonly ListHere[],
): readonly PassportCheck[] => {
  const about = `certificate ${certificateSha256(vek).slice(0, 8)}`;
  const roots = rootsOf(chain, vek);
  const { good, checks, root } = judgeCertificates({ vek, chain, crl: null }, roots);
  const failed = checks.find(({ outcome }) => outcome === 'failed');
  const simulated = root?.simulated ?? false;
  const wrong = firstOf(
    failed !== undefined && `${failed.code}: ${failed.observed}`,
    (!good || root === null) && 'it leads to no root that this network is believed by',
  );
  const led = byProcessor('certificate', about, wrong, { detail: `leads to ${root?.name ?? 'nobody'}`, simulated });
  return [led, revocationCheck(about, lists, (crl) => judgeCertificates({ vek, chain, crl }, roots), simulated)];
};

type Judge = (crl: Uint8Array) => ReturnType<typeof judgeCertificates>;

/** By every list that this root has signed: what one of them took back stays taken back. Lists of other roots say nothing of it. */
const revocationCheck = (
  about: string,
  lists: readonly ListHere[],
  judge: Judge,
  simulated: boolean,
): PassportCheck => {
  const code = 'not-revoked';
  const its = lists.flatMap((list) => {
    const { checks } = judge(list.bytes);
    if (!checks.some((one) => one.code === 'snp-crl' && one.outcome === 'passed')) return [];
    const listed = checks.find((one) => one.code === 'snp-not-revoked' && one.outcome === 'failed');
    return [{ list, revoked: listed === undefined ? null : `${listed.observed}, by ${sayList(list)}` }];
  });
  const newest = its.at(-1)?.list;
  if (newest !== undefined) {
    const among = its.length === 1 ? '' : `, nor in ${its.length - 1} older`;
    const later = its.some(({ list }) => list.isGiven) ? '' : '; a list of today says it of today (--crl)';
    const detail = `no certificate of its chain is in ${sayList(newest)}${among}${later}`;
    return byProcessor(code, about, firstOf(...its.map(({ revoked }) => revoked)), { detail, simulated });
  }
  const detail =
    lists.length === 0
      ? 'that its root had taken nothing back was the attestor’s finding, whose list is not here; a list of today says it again (--crl)'
      : 'its root has signed none of the revocation lists that are here';
  return unchecked(code, about, detail, 'network');
};

const sayList = ({ said, isGiven }: ListHere): string =>
  `the list of ${said}, ${isGiven ? 'given by --crl' : 'in the passport'}`;

const orNull = <Value>(read: () => Value): Value | null => {
  try {
    return read();
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
};
