import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { type Certificate, curves, type PublicKeyInfo } from '../der/certificate.ts';
import type { SignatureAlgorithm } from '../der/signature-algorithm.ts';
import { signedBytes } from './limits.ts';
import type { SnpReport } from './report.ts';

/** The key of a certificate, or `null` for bytes that hold none that OpenSSL takes. */
export const importKey = (publicKey: Pick<PublicKeyInfo, 'raw'>): KeyObject | null => {
  try {
    return createPublicKey({ key: Buffer.from(publicKey.raw), format: 'der', type: 'spki' });
  } catch {
    return null;
  }
};

export const isRsa4096 = ({ modulusBits }: PublicKeyInfo): boolean => modulusBits === 4096;

export const isP384 = (publicKey: PublicKeyInfo): boolean => publicKey.curve === curves.p384;

/** The one way AMD signs certificates and lists; OpenSSL by itself would take whatever the certificate says. */
export const amdSignature = 'rsassa-pss sha384, mgf1 sha384, salt 48';

export const isAmdSignature = (algorithm: SignatureAlgorithm): boolean =>
  algorithm.scheme === 'rsassa-pss' &&
  algorithm.hash === 'sha384' &&
  algorithm.maskHash === 'sha384' &&
  algorithm.saltBytes === 48;

/** Whether `key` signed this certificate or list in AMD's way. */
export const isSignedBy = (
  signed: Pick<Certificate, 'signed' | 'signature' | 'signatureAlgorithm'>,
  key: KeyObject | null,
): boolean => {
  if (key === null || !isAmdSignature(signed.signatureAlgorithm) || key.asymmetricKeyType !== 'rsa') return false;
  const how = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 };
  return verify('sha384', signed.signed, how, signed.signature);
};

const widths: Readonly<Record<string, number>> = { [curves.p384]: 48, [curves.p256]: 32 };

/** Whether `key`, on this curve, signed this report: ECDSA with SHA-384 over its first 0x2a0 bytes, numbers little-endian. */
export const isReportSignedBy = (
  { bytes, signatureR, signatureS }: SnpReport,
  { key, curve }: { readonly key: KeyObject | null; readonly curve: string | null },
): boolean => {
  const width = widths[curve ?? ''];
  if (key === null || width === undefined) return false;
  const signature = new Uint8Array(2 * width);
  for (let n = 0; n < width; n += 1) {
    signature[n] = signatureR[width - 1 - n] ?? 0;
    signature[width + n] = signatureS[width - 1 - n] ?? 0;
  }
  return verify('sha384', bytes.subarray(0, signedBytes), { key, dsaEncoding: 'ieee-p1363' }, signature);
};
