import { Malformed } from '../malformed.ts';

/** Certificates of one PEM file: a chain has three, a bundle of vendor roots some more. */
const certificatesMax = 64;
const fileBytesMax = 1024 * 1024;

const begin = '-----BEGIN CERTIFICATE-----';
const end = '-----END CERTIFICATE-----';

/** The DER of each certificate in a file that is PEM (one or several) or one certificate in DER. Checks the wrapping, not the certificates. */
export const certificatesOf = (file: Uint8Array): readonly Uint8Array[] => {
  if (file.length > fileBytesMax) {
    throw new Malformed('too-large', 'certificate file', `${file.length} bytes`, `at most ${fileBytesMax}`);
  }
  if (file[0] === 0x30) return [file];
  const [, ...parts] = Buffer.from(file).toString('latin1').split(begin);
  if (parts.length === 0 || parts.length > certificatesMax) {
    throw new Malformed(
      'unknown-form',
      'certificate file',
      `${parts.length} PEM certificates`,
      `1 to ${certificatesMax}, or DER`,
    );
  }
  return parts.map((part) => {
    const [body = '', rest] = part.split(end);
    const text = body.replace(/\s/g, '');
    if (rest === undefined || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) {
      throw new Malformed('unknown-form', 'certificate file', 'a PEM block that is no base64', `base64 up to ${end}`);
    }
    return Buffer.from(text, 'base64');
  });
};
