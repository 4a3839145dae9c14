import { Malformed } from '../malformed.ts';
import { type Extension, readExtensions } from './extensions.ts';
import { certificateBytesMax, serialBytesMax } from './limits.ts';
import { type Name, readName } from './name.ts';
import { DerReader } from './reader.ts';
import { readSignatureAlgorithm, type SignatureAlgorithm } from './signature-algorithm.ts';
import { derTags } from './tags.ts';

/** An X.509 certificate of version 3, read and not yet trusted. All bytes are views of what was given. */
export interface Certificate {
  readonly raw: Uint8Array;
  /** What the issuer signed. */
  readonly signed: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly signature: Uint8Array;
  /** Serial number as it is written, in hex; AMD's VCEKs have 00. */
  readonly serialHex: string;
  readonly issuer: Name;
  readonly subject: Name;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly publicKey: PublicKeyInfo;
  readonly extensions: ReadonlyMap<string, Extension>;
}

export interface PublicKeyInfo {
  /** SubjectPublicKeyInfo, as it is signed. */
  readonly raw: Uint8Array;
  /** Its last part, the BIT STRING of the key itself, whole. */
  readonly keyElement: Uint8Array;
  readonly algorithm: string;
  /** The named curve of an elliptic key. */
  readonly curve: string | null;
  /** Bits of an RSA key's modulus. */
  readonly modulusBits: number | null;
}

export const publicKeyAlgorithms = { rsa: '1.2.840.113549.1.1.1', elliptic: '1.2.840.10045.2.1' } as const;
export const curves = { p256: '1.2.840.10045.3.1.7', p384: '1.3.132.0.34' } as const;

/** Reads one certificate. Refuses what is not DER, is not version 3, is too large, or states two signature algorithms. */
export const readCertificate = (bytes: Uint8Array, what = 'Certificate'): Certificate => {
  if (bytes.length > certificateBytesMax) {
    throw new Malformed('too-large', what, `${bytes.length} bytes`, `at most ${certificateBytesMax}`);
  }
  const outside = new DerReader(bytes, what);
  const certificate = outside.sequence('certificate');
  outside.end();
  const fields = certificate.sequence('tbsCertificate');
  const outer = certificate.sequence('signatureAlgorithm');
  const signature = certificate.bitString('signature');
  certificate.end();

  readVersion(fields);
  const serialHex = readSerial(fields, 'serialNumber');
  const signed = fields.raw;
  const inner = fields.sequence('signature');
  const signatureAlgorithm = readSignatureAlgorithm(inner);
  if (Buffer.compare(inner.raw, outer.raw) !== 0) {
    throw new Malformed(
      'wrong-value',
      `${what}.signatureAlgorithm`,
      'other bytes',
      'what tbsCertificate.signature says',
    );
  }
  const issuer = readName(fields, 'issuer');
  const validity = fields.sequence('validity');
  const notBeforeMs = validity.timeMs('notBefore');
  const notAfterMs = validity.timeMs('notAfter');
  validity.end();
  const subject = readName(fields, 'subject');
  const publicKey = readPublicKeyInfo(fields);
  const extensions = fields.hasExplicit(3) ? readExtensions(fields.explicit(3, 'extensions')) : new Map();
  fields.end();
  return {
    ...{ raw: bytes, signed, signatureAlgorithm, signature, serialHex, issuer, subject },
    ...{ notBeforeMs, notAfterMs, publicKey, extensions },
  };
};

const readVersion = (fields: DerReader): void => {
  const wrapper = fields.explicit(0, 'version');
  const version = wrapper.natural('version');
  wrapper.end();
  if (version !== 2) throw new Malformed('wrong-value', `${fields.what}.version`, `${version}`, '2 (X.509 version 3)');
};

/** A serial number in hex, as it is written: lists name certificates by these bytes. */
export const readSerial = (fields: DerReader, field: string): string => {
  const serial = fields.integerBytes(field);
  if (serial.length > serialBytesMax + 1) {
    throw new Malformed('too-large', `${fields.what}.${field}`, `${serial.length} bytes`, `at most ${serialBytesMax}`);
  }
  return Buffer.from(serial.buffer, serial.byteOffset, serial.length).toString('hex');
};

/** A SubjectPublicKeyInfo, which is the next element. */
export const readPublicKeyInfo = (fields: DerReader): PublicKeyInfo => {
  const inside = fields.sequence('subjectPublicKeyInfo');
  const identifier = inside.sequence('algorithm');
  const algorithm = identifier.objectIdentifier('algorithm');
  const curve =
    algorithm === publicKeyAlgorithms.elliptic && identifier.nextTag === derTags.objectIdentifier
      ? identifier.objectIdentifier('parameters')
      : null;
  const keyElement = inside.rest;
  const key = inside.bitString('subjectPublicKey');
  inside.end();
  const modulusBits = algorithm === publicKeyAlgorithms.rsa ? modulusBitsOf(key, inside.what) : null;
  return { raw: inside.raw, keyElement, algorithm, curve, modulusBits };
};

const modulusBitsOf = (key: Uint8Array, what: string): number => {
  const outside = new DerReader(key, `${what}.RSAPublicKey`);
  const inside = outside.sequence('key');
  outside.end();
  const modulus = inside.integerBytes('modulus');
  inside.integerBytes('publicExponent');
  inside.end();
  const from = modulus[0] === 0 ? 1 : 0;
  return (modulus.length - from) * 8 - Math.clz32(modulus[from] ?? 0) + 24;
};
