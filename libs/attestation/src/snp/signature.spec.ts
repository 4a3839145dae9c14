import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { expect, test } from 'vitest';
import { type PublicKeyInfo, readPublicKeyInfo } from '../der/certificate.ts';
import { DerReader } from '../der/reader.ts';
import type { SignatureAlgorithm } from '../der/signature-algorithm.ts';
import { importIssuerKey, isSignedBy } from './signature.ts';

const signed = Buffer.from('what an issuer signs');
const amd: SignatureAlgorithm = { scheme: 'rsassa-pss', hash: 'sha384', maskHash: 'sha384', saltBytes: 48 };
const issuer = generateKeyPairSync('rsa', { modulusLength: 4096 });

const infoOf = (key: KeyObject): PublicKeyInfo =>
  readPublicKeyInfo(new DerReader(key.export({ type: 'spki', format: 'der' }), 'key'));

const signature = (how: object, hash = 'sha384'): Buffer => sign(hash, signed, { key: issuer.privateKey, ...how });
const pss = (saltLength: number) => ({ padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });

test.each([
  ['as AMD signs', signature(pss(48)), true],
  ['with less salt', signature(pss(32)), false],
  ['with more salt', signature(pss(64)), false],
  ['with another hash', signature(pss(48), 'sha512'), false],
  ['in the older way', signature({ padding: constants.RSA_PKCS1_PADDING }), false],
  ['by nobody', Buffer.alloc(512, 7), false],
  ['in no bytes', Buffer.alloc(0), false],
])(
  'given bytes signed %s under a certificate that says AMD, when they are verified, then it is %s',
  (_, bytes, good) => {
    const key = importIssuerKey(infoOf(issuer.publicKey));
    expect(isSignedBy({ signed, signature: bytes, signatureAlgorithm: amd }, key)).toBe(good);
  },
);

test('given a certificate that says another way, when it is verified, then it is refused, whatever its bytes are', () => {
  const key = importIssuerKey(infoOf(issuer.publicKey));
  const signatureAlgorithm: SignatureAlgorithm = { ...amd, saltBytes: 47 };
  expect(isSignedBy({ signed, signature: signature(pss(48)), signatureAlgorithm }, key)).toBe(false);
});

test.each([
  ['RSA of 512 bits', generateKeyPairSync('rsa', { modulusLength: 512 }).publicKey],
  ['RSA of 2048 bits', generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey],
  ['P-384', generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).publicKey],
])('given a key of %s, when it is to be an issuer, then there is none', (_, key) => {
  expect(importIssuerKey(infoOf(key))).toBeNull();
});
