import { hash } from 'node:crypto';
import { readCertificate } from '../der/certificate.ts';
import { Malformed } from '../malformed.ts';
import type { SnpProduct } from './claims.ts';

/** A key that certificates may rest on. It is always the verifier's argument, never taken out of evidence. */
export interface TrustRoot {
  /** As claims and screens say it. */
  readonly name: string;
  readonly product: SnpProduct;
  /** The root speaks for software that plays a processor. */
  readonly simulated: boolean;
  /** Common name of the root's certificate. */
  readonly commonName: string;
  /** SHA-256 of its SubjectPublicKeyInfo, hex. */
  readonly spkiSha256: string;
  /** The key itself, for evidence that comes without the root's certificate; `null` asks for that certificate. */
  readonly spki: Uint8Array | null;
}

export type TrustRoots = readonly TrustRoot[];

/**
 * AMD's root keys (ARK), by the fingerprint of their public key. Source: the ARK certificates that AMD's key server gives out
 * (kdsintf.amd.com/vcek/v1/<product>/cert_chain), as google/go-sev-guest embeds them in verify/trust at af1c107a648f.
 */
export const amdRoots: TrustRoots = [
  amdRoot('milan', 'ARK-Milan', '9f056bee44377e29308cb5ffa895bdfb62d18881fa6bed8d6f075b0204089cb9'),
  amdRoot('genoa', 'ARK-Genoa', '429a69c9422aa258ee4d8db5fcda9c6470ef15f8cd5a9cebd6cbc7d90b863831'),
  amdRoot('turin', 'ARK-Turin', '4f125410563a2ab9a50356f9243f6fe0b6f73de98603f53f90339c70e9d7ad08'),
];

function amdRoot(product: SnpProduct, commonName: string, spkiSha256: string): TrustRoot {
  return { name: `AMD ${commonName}`, product, simulated: false, commonName, spkiSha256, spki: null };
}

/** A root made of its own certificate, as a network of simulated processors has one. Throws Malformed for what is no certificate. */
export const trustRootOf = (
  certificate: Uint8Array,
  about: { readonly name: string; readonly product: SnpProduct; readonly simulated: boolean },
): TrustRoot => {
  const { subject, publicKey } = readCertificate(certificate, 'root certificate');
  const { commonName } = subject;
  if (commonName === null) throw new Malformed('wrong-value', 'root certificate.subject', 'no common name', 'one');
  return { ...about, commonName, spkiSha256: spkiSha256(publicKey.raw), spki: publicKey.raw };
};

export const spkiSha256 = (spki: Uint8Array): string => hash('sha256', spki, 'hex');
