import {
  createHash,
  createPrivateKey,
  createPublicKey,
  decapsulate,
  diffieHellman,
  encapsulate,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import type { KEM, Key } from 'hpke';
import { rawPublicKey } from '../raw-key.ts';
import { plain } from './primitives.ts';

/**
 * X-Wing (draft-connolly-cfrg-xwing-kem; in HPKE, KEM 0x647a): ML-KEM-768 and X25519 under one combiner, by node:crypto.
 * As a KEM of the library, whose own one asks WebCrypto seven times where this asks OpenSSL, and warns on the screen that
 * WebCrypto's ML-KEM is experimental.
 */
export const xWing = (): KEM<XWingKey> => ({
  id: 0x647a,
  type: 'KEM',
  name: 'X-Wing',
  Nsecret: 32,
  Nenc: mlKemCiphertextBytes + x25519Bytes,
  Npk: mlKemPublicBytes + x25519Bytes,
  Nsk: seedBytes,
  GenerateKeyPair: async () => {
    const seed = randomBytes(seedBytes);
    try {
      return keyPairOf(seed);
    } finally {
      seed.fill(0);
    }
  },
  DeserializePrivateKey: async (seed) => keyPairOf(seed).privateKey,
  SerializePublicKey: async (key) => plain(key.raw),
  DeserializePublicKey: async (raw) => publicKeyOf(raw),
  Encap: async (to) => {
    const { sharedKey, ciphertext } = encapsulate(to.mlKem);
    const ephemeral = generateKeyPairSync('x25519');
    const sent = rawPublic(ephemeral.publicKey);
    const agreed = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: to.x25519 });
    return { shared_secret: combined(sharedKey, agreed, sent, to), enc: plain(Buffer.concat([ciphertext, sent])) };
  },
  Decap: async (enc, key) => {
    const sharedKey = decapsulate(key.mlKem, enc.subarray(0, mlKemCiphertextBytes));
    const received = Buffer.from(enc.subarray(mlKemCiphertextBytes));
    const agreed = diffieHellman({ privateKey: key.x25519, publicKey: rawPublicKey(received, 'x25519') });
    return combined(sharedKey, agreed, received, key);
  },
  // A guest's key is made in it, used by it and gone with it: nothing derives one or writes one down.
  DeriveKeyPair: () => Promise.reject(new TypeError('a guest key is not derived')),
  SerializePrivateKey: () => Promise.reject(new TypeError('a guest key is not written down')),
});

/** One half of an X-Wing key pair: both keys of its kind, and the public key as bytes. */
export type XWingKey = Key & {
  readonly raw: Uint8Array;
  readonly mlKem: KeyObject;
  readonly x25519: KeyObject;
};

const seedBytes = 32;
const mlKemSeedBytes = 64;
const mlKemPublicBytes = 1_184;
const mlKemCiphertextBytes = 1_088;
const x25519Bytes = 32;
const algorithm = { name: 'X-Wing' };
/** Its name as a drawing: \ . / / ^ \ in ASCII. */
const label = Uint8Array.of(0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c);

const keyPairOf = (seed: Uint8Array): { readonly publicKey: XWingKey; readonly privateKey: XWingKey } => {
  const expanded = createHash('shake256', { outputLength: mlKemSeedBytes + x25519Bytes })
    .update(seed)
    .digest();
  const [mlKemSeed, x25519Secret] = [expanded.subarray(0, mlKemSeedBytes), expanded.subarray(mlKemSeedBytes)];
  const mlKem = createPrivateKey({ key: mlKemSeed, format: 'raw-seed', asymmetricKeyType: 'ml-kem-768' });
  const x25519 = createPrivateKey({ key: x25519Secret, format: 'raw-private', asymmetricKeyType: 'x25519' });
  expanded.fill(0);
  const publicKey = publicKeyOf(Buffer.concat([createPublicKey(mlKem), createPublicKey(x25519)].map(rawPublic)));
  return { publicKey, privateKey: { ...publicKey, type: 'private', extractable: false, mlKem, x25519 } };
};

const publicKeyOf = (raw: Uint8Array): XWingKey => {
  const bytes = Buffer.from(raw);
  const mlKem = rawPublicKey(bytes.subarray(0, mlKemPublicBytes), 'ml-kem-768');
  const x25519 = rawPublicKey(bytes.subarray(mlKemPublicBytes), 'x25519');
  return { algorithm, type: 'public', extractable: true, raw: bytes, mlKem, x25519 };
};

/** The combiner of the draft; both secrets are gone after it. */
const combined = (mlKemShared: Uint8Array, x25519Shared: Uint8Array, sent: Uint8Array, key: XWingKey): Uint8Array => {
  const hash = createHash('sha3-256').update(mlKemShared).update(x25519Shared).update(sent);
  mlKemShared.fill(0);
  x25519Shared.fill(0);
  return plain(hash.update(key.raw.subarray(mlKemPublicBytes)).update(label).digest());
};

const rawPublic = (key: KeyObject): Buffer => key.export({ format: 'raw-public' });
