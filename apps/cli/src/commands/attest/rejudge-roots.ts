import { amdRoots, type HostContext, hintsOfHostEvidence, readVek, type TrustRoots, trustRootOf } from '#attestation';
import type { Network } from '#domain';

/**
 * Whose processors the network believes: AMD's, or on a simulated network its own root. That root comes with the evidence,
 * and is believed only when its key is the one that the network was founded with.
 */
export const rootsOf = (network: Network, document: Uint8Array): TrustRoots => {
  if (network.kind === 'production') return amdRoots;
  const offered = hintsOfHostEvidence(document)?.offered;
  const product = productOf(offered?.vek ?? null);
  if (product === null) return [];
  return (offered?.chain ?? []).flatMap((certificate) => {
    const root = trustRootOf(certificate, { name: `SIMULATED root of ${network.name}`, product, simulated: true });
    return root.spkiSha256 === network.simulatedRootSha256 ? [root] : [];
  });
};

/** A revocation list, for the product whose evidence this is. */
export const revocationListsOf = (crl: Uint8Array | null, document: Uint8Array): HostContext['revocationLists'] => {
  const product = productOf(hintsOfHostEvidence(document)?.offered.vek ?? null);
  return crl === null || product === null ? {} : { [product]: crl };
};

const productOf = (vek: Uint8Array | null) => (vek === null ? null : readVek(vek).product);
