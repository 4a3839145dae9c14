import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { type Certificate, curves, type PublicKeyInfo } from '../der/certificate.ts';
import { ecdsaSignature } from '../der/ecdsa-signature.ts';
import type { SignatureAlgorithm } from '../der/signature-algorithm.ts';
import { signedBytes } from './limits.ts';
import type { SnpReport } from './report.ts';

/**
 * The key of a certificate, or `null` for bytes that hold none that OpenSSL takes. Given as text, because Node throws and
 * catches four errors over a key given as bytes in an object, which is half of the whole.
 */
export const importKey = (publicKey: Pick<PublicKeyInfo, 'raw'>): KeyObject | null => {
  try {
    const { buffer, byteOffset, length } = publicKey.raw;
    const base64 = Buffer.from(buffer, byteOffset, length).toString('base64');
    return createPublicKey(`-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----\n`);
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
  const signature = ecdsaSignature(reversed(signatureR, width), reversed(signatureS, width));
  return verify('sha384', bytes.subarray(0, signedBytes), key, signature);
};

const reversed = (digits: Uint8Array, width: number): Uint8Array => digits.subarray(0, width).toReversed();
