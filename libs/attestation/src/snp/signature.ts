import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { type Certificate, curves, type PublicKeyInfo } from '../der/certificate.ts';
import { ecdsaSignature } from '../der/ecdsa-signature.ts';
import type { SignatureAlgorithm } from '../der/signature-algorithm.ts';
import { signedBytes } from './limits.ts';
import type { SnpReport } from './report.ts';

/**
 * The key of a certificate, or `null` for bytes that hold none that OpenSSL takes. Given as text, because Node throws and
 * catches four errors over a key given as bytes in an object, which is half of the whole.
 */
export const importKey = ({ raw }: Pick<PublicKeyInfo, 'raw'>): KeyObject | null => {
  try {
    return keyOf(Buffer.from(raw.buffer, raw.byteOffset, raw.length));
  } catch {
    return null;
  }
};

/**
 * The RSA key of an issuer, restricted to AMD's way: OpenSSL itself verifies nothing else with it, and it needs no options beside
 * it, for which Node throws and catches two errors. `null` for a key that is no RSA-4096.
 */
export const importIssuerKey = (publicKey: PublicKeyInfo): KeyObject | null => {
  if (!isRsa4096(publicKey)) return null;
  const { keyElement } = publicKey;
  try {
    const header = Buffer.from([0x30, 0x82, 0, 0]);
    header.writeUInt16BE(amdIdentifier.length + keyElement.length, 2);
    return keyOf(Buffer.concat([header, amdIdentifier, keyElement]));
  } catch {
    return null;
  }
};

const keyOf = (spki: Buffer): KeyObject =>
  createPublicKey(`-----BEGIN PUBLIC KEY-----\n${spki.toString('base64')}\n-----END PUBLIC KEY-----\n`);

export const isRsa4096 = ({ modulusBits }: PublicKeyInfo): boolean => modulusBits === 4096;

export const isP384 = (publicKey: PublicKeyInfo): boolean => publicKey.curve === curves.p384;

/** The one way AMD signs certificates and lists; OpenSSL by itself would take whatever the certificate says. */
export const amdSignature = 'rsassa-pss sha384, mgf1 sha384, salt 48';

/** The same as an AlgorithmIdentifier in DER (RFC 4055): RSASSA-PSS with these parameters. */
const amdIdentifier = Buffer.from(
  [
    ...['3041', '06092a864886f70d01010a', '3034'],
    ...['a00f300d', '0609608648016503040202', '0500'],
    ...['a11c301a', '06092a864886f70d010108', '300d0609608648016503040202', '0500'],
    'a203020130',
  ].join(''),
  'hex',
);

export const isAmdSignature = (algorithm: SignatureAlgorithm): boolean =>
  algorithm.scheme === 'rsassa-pss' &&
  algorithm.hash === 'sha384' &&
  algorithm.maskHash === 'sha384' &&
  algorithm.saltBytes === 48;

/** Whether `key`, of {@link importIssuerKey}, signed this certificate or list in AMD's way. */
export const isSignedBy = (
  signed: Pick<Certificate, 'signed' | 'signature' | 'signatureAlgorithm'>,
  key: KeyObject | null,
): boolean => {
  if (key === null || !isAmdSignature(signed.signatureAlgorithm)) return false;
  return verify('sha384', signed.signed, key, signed.signature);
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
