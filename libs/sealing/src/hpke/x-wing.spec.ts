import { createCipheriv, createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { type AEAD, CipherSuite, KEM_MLKEM768_X25519, type KEMFactory } from 'hpke';
import { describe, expect, test } from 'vitest';
import { encapsulateFrom } from './ml-kem.fixture.ts';
import { aes256Gcm, hkdfSha256 } from './primitives.ts';
import { type XWingKey, xWing } from './x-wing.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Half of X-Wing's encapsulation, from stated randomness (64 bytes): what it sends. Its secret is what decapsulation finds. */
const sentFrom = (publicKey: Uint8Array, eseed: Uint8Array): Uint8Array => {
  const { ciphertext } = encapsulateFrom(publicKey.subarray(0, 1_184), eseed.subarray(0, 32));
  const secret = { key: Buffer.from(eseed.subarray(32)), format: 'raw-private', asymmetricKeyType: 'x25519' } as const;
  return Buffer.concat([ciphertext, createPublicKey(createPrivateKey(secret)).export({ format: 'raw-public' })]);
};

const recipientOf = async (seed: Uint8Array): Promise<XWingKey> => xWing().DeserializePrivateKey(seed, false);

describe('X-Wing', () => {
  // draft-connolly-cfrg-xwing-kem, appendix C: seeds are what SHAKE-128 makes of nothing, 32 bytes for the key and 64 for
  // the encapsulation of each vector. Expected: SHA-256 of the draft's shared secrets. A wrong key, ciphertext or combiner
  // each gives another one.
  const stream = createHash('shake128', { outputLength: 3 * 96 }).digest();
  test.each([
    [1, 'e0d7614a8a113f736c5e9c62eca34f0a79142e06730c2048352bfe6a07231534'],
    [2, '91467d5170f9d3f48f5f4ec253f1c5964f5d4e491d1224ff74726c536634b01f'],
    [3, 'afd9899c579f5920b0aff4251d0dc86285eec1861ecd9cdcceb7ed10b46afea4'],
  ])('vector %d of its draft', async (vector, expected) => {
    const from = 96 * (vector - 1);
    const key = await recipientOf(stream.subarray(from, from + 32));
    const sent = sentFrom(key.raw, stream.subarray(from + 32, from + 96));
    expect(sha256(await xWing().Decap(sent, key, undefined))).toBe(expected);
  });

  test('what it encapsulates, the library itself decapsulates, and the other way round', async () => {
    const seed = Buffer.alloc(32, 7);
    const ours = new CipherSuite(xWing, hkdfSha256, aes256Gcm);
    const theirs = new CipherSuite(KEM_MLKEM768_X25519, hkdfSha256, aes256Gcm);
    const pair = async (suite: CipherSuite, by: CipherSuite) => {
      const publicKey = await by.DeserializePublicKey((await recipientOf(seed)).raw);
      const { encapsulatedSecret, ciphertext } = await by.Seal(publicKey, Buffer.from('told'));
      return suite.Open(await suite.DeserializePrivateKey(seed), encapsulatedSecret, ciphertext);
    };
    expect(Buffer.from(await pair(ours, theirs)).toString()).toBe('told');
    expect(Buffer.from(await pair(theirs, ours)).toString()).toBe('told');
  });
});

describe('HPKE with X-Wing and HKDF-SHA256', () => {
  // draft-ietf-hpke-pq, test vectors: mode 0, KEM 0x647a, KDF 1, AEAD 3. Seeds of the recipient and of the encapsulation;
  // info, plaintext and associated data are the draft's (hex digits as text). Expected: SHA-256 of its outputs.
  const skRm = Buffer.from('3ec47fa82dd5689d27c6190e724c74ec8f608df3331ce331929e37b829676630', 'hex');
  const ikmE = Buffer.from(
    '2a1c0a3745fe8a48fb62034d300f54dfe1974a5b2e169e580a8789cb1cf5fd190fc00f3fd899594e01a8b15334b9f3fa03d8de44da86e19f5776850fb689e6c8',
    'hex',
  );
  const text = (words: string): Uint8Array => new Uint8Array(Buffer.from(Buffer.from(words).toString('hex')));

  test('the vector of the draft: shared secret, two messages in a row, an exported secret', async () => {
    const key = await recipientOf(skRm);
    const enc = new Uint8Array(sentFrom(key.raw, ikmE));
    const shared_secret = await xWing().Decap(enc, key, undefined);
    expect(sha256(shared_secret)).toBe('b3d954b898cbb2c55d8a0b66b6770d6f2077c2c06b3676aed5a0dc7006402003');
    const told: KEMFactory<XWingKey> = () => ({ ...xWing(), Encap: async () => ({ shared_secret, enc }) });
    const sender = new CipherSuite(told, hkdfSha256, chaCha20Poly1305);
    const publicKey = await sender.DeserializePublicKey(key.raw);
    const { ctx } = await sender.SetupSender(publicKey, { info: text('Ode on a Grecian Urn') });
    const plaintext = text('Beauty is truth, truth beauty');
    const sealed = [
      await ctx.Seal(plaintext, Buffer.from('Count-0')),
      await ctx.Seal(plaintext, Buffer.from('Count-1')),
    ];
    expect(sealed.map(sha256)).toEqual([
      '55232ef4217e98ab1c3c5ae6ea35c6548c25d9f2d0a4d6c23d5b35b7150b7c9a',
      '0791b3ffb0b050e589b20c07659e2b74fc619dd0606006a909635f15701b4d07',
    ]);
    expect(sha256(await ctx.Export(Buffer.from('pseudorandom0'), 32))).toBe(
      '54f23a3d21108ee870af6b83d20026dc8f35b943d116a7e34d4ef33365f20fb6',
    );
  });
});

/** What the vector seals with; ours is AES-256-GCM, whose nonces and tags have the same lengths. */
const chaCha20Poly1305 = (): AEAD => ({
  ...aes256Gcm(),
  id: 0x0003,
  name: 'ChaCha20Poly1305',
  Seal: async (key, nonce, aad, plaintext) => {
    const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
    cipher.setAAD(aad, { plaintextLength: plaintext.length });
    return new Uint8Array(Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]));
  },
});
