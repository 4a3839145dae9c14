import { Malformed } from '../malformed.ts';
import { readSerial } from './certificate.ts';
import { type Extension, readExtensions } from './extensions.ts';
import { revocationListBytesMax } from './limits.ts';
import { type Name, readName } from './name.ts';
import { DerReader } from './reader.ts';
import { readSignatureAlgorithm, type SignatureAlgorithm } from './signature-algorithm.ts';
import { derTags } from './tags.ts';

/** A certificate revocation list (RFC 5280), read and not yet trusted. */
export interface RevocationList {
  readonly raw: Uint8Array;
  readonly signed: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly signature: Uint8Array;
  readonly issuer: Name;
  readonly thisUpdateMs: number;
  /** `null` where the list does not say when the next one comes. */
  readonly nextUpdateMs: number | null;
  /** Serial numbers in hex, as {@link Certificate} has them. */
  readonly revokedSerials: ReadonlySet<string>;
  readonly extensions: ReadonlyMap<string, Extension>;
}

/** Reads one list. Refuses what is not DER, is not version 2, is too large, or states two signature algorithms. */
export const readRevocationList = (bytes: Uint8Array, what = 'CertificateList'): RevocationList => {
  if (bytes.length > revocationListBytesMax) {
    throw new Malformed('too-large', what, `${bytes.length} bytes`, `at most ${revocationListBytesMax}`);
  }
  const outside = new DerReader(bytes, what);
  const list = outside.sequence('list');
  outside.end();
  const fields = list.sequence('tbsCertList');
  const outer = list.sequence('signatureAlgorithm');
  const signature = list.bitString('signature');
  list.end();

  const signed = fields.raw;
  const version = fields.natural('version');
  if (version !== 1) throw new Malformed('wrong-value', `${fields.what}.version`, `${version}`, '1 (version 2)');
  const inner = fields.sequence('signature');
  const signatureAlgorithm = readSignatureAlgorithm(inner);
  if (Buffer.compare(inner.raw, outer.raw) !== 0) {
    throw new Malformed('wrong-value', `${what}.signatureAlgorithm`, 'other bytes', 'what tbsCertList.signature says');
  }
  const issuer = readName(fields, 'issuer');
  const thisUpdateMs = fields.timeMs('thisUpdate');
  const nextUpdateMs = isTime(fields.nextTag) ? fields.timeMs('nextUpdate') : null;
  const revokedSerials =
    fields.nextTag === derTags.sequence ? readRevoked(fields.sequence('revokedCertificates')) : new Set<string>();
  const extensions = fields.hasExplicit(0) ? readExtensions(fields.explicit(0, 'crlExtensions')) : new Map();
  fields.end();
  return {
    ...{ raw: bytes, signed, signatureAlgorithm, signature, issuer },
    ...{ thisUpdateMs, nextUpdateMs, revokedSerials, extensions },
  };
};

const isTime = (tag: number | undefined): boolean => tag === derTags.utcTime || tag === derTags.generalizedTime;

/** Every entry counts as revoked, whatever its reason or date: a removal or a hold is for delta lists, which are not taken. */
const readRevoked = (list: DerReader): ReadonlySet<string> => {
  const serials = new Set<string>();
  while (list.left > 0) {
    const entry = list.sequence('entry');
    serials.add(readSerial(entry, 'userCertificate'));
    entry.timeMs('revocationDate');
    if (entry.left > 0) entry.sequence('crlEntryExtensions');
    entry.end();
  }
  return serials;
};
