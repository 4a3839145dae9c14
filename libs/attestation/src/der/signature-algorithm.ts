import { Malformed } from '../malformed.ts';
import type { DerReader } from './reader.ts';

export type SignatureHash = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** How a certificate or a list says it is signed, read out of its DER; `unknown` says nothing more than its identifier. */
export type SignatureAlgorithm =
  | {
      readonly scheme: 'rsassa-pss';
      readonly hash: SignatureHash;
      readonly maskHash: SignatureHash;
      readonly saltBytes: number;
    }
  | { readonly scheme: 'rsassa-pkcs1' | 'ecdsa'; readonly hash: SignatureHash }
  | { readonly scheme: 'unknown'; readonly objectIdentifier: string };

const hashes: Readonly<Record<string, SignatureHash>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

const plain: Readonly<Record<string, SignatureAlgorithm>> = {
  '1.2.840.113549.1.1.5': { scheme: 'rsassa-pkcs1', hash: 'sha1' },
  '1.2.840.113549.1.1.11': { scheme: 'rsassa-pkcs1', hash: 'sha256' },
  '1.2.840.113549.1.1.12': { scheme: 'rsassa-pkcs1', hash: 'sha384' },
  '1.2.840.113549.1.1.13': { scheme: 'rsassa-pkcs1', hash: 'sha512' },
  '1.2.840.10045.4.1': { scheme: 'ecdsa', hash: 'sha1' },
  '1.2.840.10045.4.3.2': { scheme: 'ecdsa', hash: 'sha256' },
  '1.2.840.10045.4.3.3': { scheme: 'ecdsa', hash: 'sha384' },
  '1.2.840.10045.4.3.4': { scheme: 'ecdsa', hash: 'sha512' },
};

const rsassaPss = '1.2.840.113549.1.1.10';
const mgf1 = '1.2.840.113549.1.1.8';
const saltBytesMax = 512;

/** Reads the inside of an AlgorithmIdentifier. PSS parameters are read one by one, because OpenSSL accepts whatever stands there. */
export const readSignatureAlgorithm = (from: DerReader): SignatureAlgorithm => {
  const objectIdentifier = from.objectIdentifier('algorithm');
  if (objectIdentifier === rsassaPss) {
    const parameters = from.sequence('parameters');
    from.end();
    return readPss(parameters);
  }
  const known = plain[objectIdentifier];
  if (known === undefined) return { scheme: 'unknown', objectIdentifier };
  if (known.scheme === 'rsassa-pkcs1') from.nothing('parameters');
  from.end();
  return known;
};

/** RFC 4055: each parameter has a default of the days of SHA-1. */
const readPss = (parameters: DerReader): SignatureAlgorithm => {
  let hash: SignatureHash = 'sha1';
  let maskHash: SignatureHash = 'sha1';
  let saltBytes = 20;
  if (parameters.hasExplicit(0)) hash = only(parameters.explicit(0, 'hashAlgorithm'), readHash);
  if (parameters.hasExplicit(1)) maskHash = only(parameters.explicit(1, 'maskGenAlgorithm'), readMask);
  if (parameters.hasExplicit(2)) saltBytes = only(parameters.explicit(2, 'saltLength'), (one) => one.natural('value'));
  const trailer = parameters.hasExplicit(3)
    ? only(parameters.explicit(3, 'trailerField'), (one) => one.natural('value'))
    : 1;
  parameters.end();
  if (trailer !== 1) throw new Malformed('wrong-value', `${parameters.what}.trailerField`, `${trailer}`, '1');
  if (saltBytes > saltBytesMax) {
    throw new Malformed('wrong-value', `${parameters.what}.saltLength`, `${saltBytes}`, `at most ${saltBytesMax}`);
  }
  return { scheme: 'rsassa-pss', hash, maskHash, saltBytes };
};

const only = <T>(from: DerReader, read: (inside: DerReader) => T): T => {
  const value = read(from);
  from.end();
  return value;
};

const readHash = (from: DerReader): SignatureHash => {
  const inside = from.sequence('hash');
  const identifier = inside.objectIdentifier('algorithm');
  if (inside.left > 0) inside.nothing('parameters');
  inside.end();
  const hash = hashes[identifier];
  if (hash === undefined) throw new Malformed('unknown-form', `${inside.what}.algorithm`, identifier, 'SHA-1 or SHA-2');
  return hash;
};

const readMask = (from: DerReader): SignatureHash => {
  const inside = from.sequence('mask');
  const identifier = inside.objectIdentifier('algorithm');
  if (identifier !== mgf1)
    throw new Malformed('unknown-form', `${inside.what}.algorithm`, identifier, `MGF1 (${mgf1})`);
  const hash = readHash(inside);
  inside.end();
  return hash;
};

/** For a line on a screen: `RSASSA-PSS sha384, MGF1 sha384, salt 48`. */
export const sayAlgorithm = (algorithm: SignatureAlgorithm): string => {
  if (algorithm.scheme === 'unknown') return algorithm.objectIdentifier;
  if (algorithm.scheme !== 'rsassa-pss') return `${algorithm.scheme} ${algorithm.hash}`;
  return `rsassa-pss ${algorithm.hash}, mgf1 ${algorithm.maskHash}, salt ${algorithm.saltBytes}`;
};
