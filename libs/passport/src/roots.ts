import { judgeCertificates, Malformed, readVek, sayWindow, type TrustRoots, trustRootOf } from '#attestation';
import type { Network } from '#domain';
import { byProcessor, firstOf, type PassportCheck, unchecked } from './check.ts';
import { type Certificates, type Court, certificateSha256 } from './judging.ts';

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
  lists: readonly Uint8Array[],
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

/** By the first list that this root has signed. Lists of other roots say nothing of it. */
const revocationCheck = (
  about: string,
  lists: readonly Uint8Array[],
  judge: Judge,
  simulated: boolean,
): PassportCheck => {
  const code = 'not-revoked';
  for (const list of lists) {
    const { checks, revocation } = judge(list);
    if (!checks.some((one) => one.code === 'snp-crl' && one.outcome === 'passed')) continue;
    const listed = checks.find((one) => one.code === 'snp-not-revoked' && one.outcome === 'failed');
    const said = revocation === null ? null : sayWindow(revocation.thisUpdateMs, revocation.nextUpdateMs);
    const detail = `no certificate of its chain is in the list of ${said ?? 'its root'}`;
    return byProcessor(code, about, listed === undefined ? null : listed.observed, { detail, simulated });
  }
  const detail =
    lists.length === 0
      ? 'that its root had taken nothing back was the attestor’s finding; a list of today says it again (--crl)'
      : 'its root has signed none of the revocation lists that are here';
  return unchecked(code, about, detail, 'network');
};

const orNull = <Value>(read: () => Value): Value | null => {
  try {
    return read();
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
};
