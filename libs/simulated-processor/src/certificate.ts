import { constants, createHash, type KeyObject, sign } from 'node:crypto';
import {
  bitString,
  explicit,
  isTrue,
  natural,
  nothing,
  objectIdentifier,
  octetString,
  sequence,
  time,
} from './der-writer.ts';

export interface CertificateTerms {
  readonly serial: number;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly publicKeySpki: Uint8Array;
  readonly extensions: readonly Uint8Array[];
}

/** RSASSA-PSS with SHA-384, MGF1 with SHA-384 and 48 bytes of salt: what AMD signs all its certificates with. */
const algorithm = ((): Uint8Array => {
  const sha384 = sequence(objectIdentifier('2.16.840.1.101.3.4.2.2'), nothing);
  return sequence(
    objectIdentifier('1.2.840.113549.1.1.10'),
    sequence(
      explicit(0, sha384),
      explicit(1, sequence(objectIdentifier('1.2.840.113549.1.1.8'), sha384)),
      explicit(2, natural(48)),
      explicit(3, natural(1)),
    ),
  );
})();

/** A certificate of X.509 version 3, DER. */
export const writeCertificate = (of: CertificateTerms, issuerKey: KeyObject): Uint8Array =>
  signed(
    sequence(
      explicit(0, natural(2)),
      natural(of.serial),
      algorithm,
      of.issuer,
      sequence(time(of.notBeforeMs), time(of.notAfterMs)),
      of.subject,
      of.publicKeySpki,
      explicit(3, sequence(...of.extensions)),
    ),
    issuerKey,
  );

/** A revocation list of version 2, DER. */
export const writeRevocationList = (
  of: {
    readonly issuer: Uint8Array;
    readonly thisUpdateMs: number;
    readonly nextUpdateMs: number;
    readonly revokedSerials: readonly number[];
    readonly number: number;
    readonly issuerSpki: Uint8Array;
  },
  issuerKey: KeyObject,
): Uint8Array => {
  const revoked = of.revokedSerials.map((serial) => sequence(natural(serial), time(of.thisUpdateMs)));
  return signed(
    sequence(
      natural(1),
      algorithm,
      of.issuer,
      time(of.thisUpdateMs),
      time(of.nextUpdateMs),
      ...(revoked.length === 0 ? [] : [sequence(...revoked)]),
      explicit(0, sequence(authorityKeyId(of.issuerSpki), extension('2.5.29.20', natural(of.number)))),
    ),
    issuerKey,
  );
};

export const extension = (identifier: string, value: Uint8Array, critical = false): Uint8Array =>
  sequence(objectIdentifier(identifier), ...(critical ? [isTrue] : []), octetString(value));

/** What an authority has: it may sign certificates, and says how many authorities may be below it. */
export const authorityExtensions = (of: {
  readonly spki: Uint8Array;
  readonly issuerSpki: Uint8Array;
  readonly signsLists: boolean;
  readonly pathLength: number | null;
}): readonly Uint8Array[] => [
  extension('2.5.29.14', octetString(keyId(of.spki))),
  authorityKeyId(of.issuerSpki),
  extension('2.5.29.19', sequence(isTrue, ...(of.pathLength === null ? [] : [natural(of.pathLength)])), true),
  // keyCertSign is bit 5, cRLSign bit 6.
  extension('2.5.29.15', of.signsLists ? bitString(Buffer.from([0x06]), 1) : bitString(Buffer.from([0x04]), 2), true),
];

const authorityKeyId = (spki: Uint8Array): Uint8Array => {
  const id = keyId(spki);
  // [0] IMPLICIT KeyIdentifier: 20 bytes.
  return extension('2.5.29.35', sequence(Buffer.from([0x80, id.length, ...id])));
};

const keyId = (spki: Uint8Array): Uint8Array => createHash('sha1').update(spki).digest();

const signed = (body: Uint8Array, key: KeyObject): Uint8Array => {
  const signature = sign('sha384', body, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 });
  return sequence(body, algorithm, bitString(signature));
};
