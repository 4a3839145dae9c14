import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPublicKey,
  createSecretKey,
  decapsulate,
  diffieHellman,
  encapsulate,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { generateGuestKey, openRelease, sealRelease } from '#sealing';
import { type Case, warmedUp } from './pairs.ts';

const rounds = 40;
const suite = 'x-wing/hkdf-sha256/aes-256-gcm';

/** A release from the vault's key to the guest's, against the sum of the primitives that nobody can leave out. */
export const releaseRoundTrip: Case = {
  ...{ name: 'release-round-trip', unit: 'releases/s of CPU', bar: 0.6, better: 'more', pairs: 21 },
  open: async () => {
    const [ours, bare] = [await release(), primitives()];
    return warmedUp({
      ours: () => perCpuSecond(ours),
      raw: () => perCpuSecond(async () => bare()),
      close: async () => undefined,
    });
  },
};

const release = async (): Promise<() => Promise<void>> => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const networkKey = publicKey.export({ format: 'raw-public' });
  const guestKey = await generateGuestKey();
  const boot = { networkId: 'n', vmId: 'v', generation: 1, bootId: 'b', nonce: randomBytes(32).toString('base64') };
  const secrets = {
    ...{ volumeKey: randomBytes(64), hostname: 'web', keysVersion: 1 },
    authorizedKeys: [`ssh-ed25519 ${randomBytes(51).toString('base64')} mara@laptop`],
    network: { address: '10.0.2.15/24', gateway: '10.0.2.2', dns: ['10.0.2.3'] },
    argon2: { memoryKib: 65_536, iterations: 4, parallelism: 1 },
  };
  const terms = { mode: 'unlock', headerSha256: 'ab'.repeat(32), minCounter: 1 } as const;
  const sealed = { boot, terms, secrets, suite, guestKey: guestKey.publicKey, allowClassical: false };
  return async () => {
    const text = await sealRelease({ ...sealed, networkKey: privateKey });
    await openRelease({ text, networkKey, guestKey, boot });
  };
};

/**
 * X-Wing both ways with an ephemeral key, out of the guest's public key as bytes, which is how it comes; the three extracts
 * and three expands that HPKE is on each side; AES-256-GCM both ways; Ed25519 both ways, by the key as bytes,
 * which is how a guest has it. Keys as what Node is quickest with.
 */
const primitives = (): (() => void) => {
  const network = generateKeyPairSync('ed25519');
  const [mlKem, x25519] = [generateKeyPairSync('ml-kem-768'), generateKeyPairSync('x25519')];
  const plaintext = randomBytes(450);
  const salt = randomBytes(64);
  const salted = createSecretKey(salt);
  const message = randomBytes(3_000);
  const combine = (...parts: readonly Uint8Array[]): Buffer =>
    parts.reduce((hash, part) => hash.update(part), createHash('sha3-256')).digest();
  const raw = {
    mlKem: rawPublic(mlKem.publicKey),
    x25519: rawPublic(x25519.publicKey),
    network: rawPublic(network.publicKey),
  };
  const info = randomBytes(1_500);
  const hmac = (key: KeyObject, bytes: Uint8Array): Buffer => createHmac('sha256', key).update(bytes).digest();
  const keyOf = (secret: Uint8Array): { readonly key: KeyObject; readonly nonce: Buffer } => {
    for (const one of [salt, info]) hmac(salted, one);
    const prk = createSecretKey(hmac(createSecretKey(secret), salt));
    const [key, nonce] = [hmac(prk, salt), hmac(prk, salt)];
    hmac(prk, salt);
    return { key: createSecretKey(key), nonce: nonce.subarray(0, 12) };
  };
  const agreed = (privateKey: KeyObject, publicKey: KeyObject) => diffieHellman({ privateKey, publicKey });
  return () => {
    const { sharedKey, ciphertext } = encapsulate(publicOf(raw.mlKem, 'ml-kem-768'));
    const ephemeral = generateKeyPairSync('x25519');
    const sent = rawPublic(ephemeral.publicKey);
    const sender = keyOf(combine(sharedKey, agreed(ephemeral.privateKey, publicOf(raw.x25519, 'x25519')), sent));
    const cipher = createCipheriv('aes-256-gcm', sender.key, sender.nonce);
    const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    const signature = sign(null, message, network.privateKey);
    if (!verify(null, message, publicOf(raw.network, 'ed25519'), signature))
      throw new Error('the signature is not its own');
    const received = publicOf(sent, 'x25519');
    const shared = decapsulate(mlKem.privateKey, ciphertext);
    const { key, nonce } = keyOf(combine(shared, agreed(x25519.privateKey, received), sent));
    const decipher = createDecipheriv('aes-256-gcm', key, nonce);
    decipher.setAuthTag(cipher.getAuthTag()).update(body);
    decipher.final();
  };
};

const rawPublic = (key: KeyObject): Buffer => key.export({ format: 'raw-public' });
const publicOf = (key: Buffer, asymmetricKeyType: 'ml-kem-768' | 'x25519' | 'ed25519'): KeyObject =>
  createPublicKey({ key, format: 'raw-public', asymmetricKeyType });

/** As `perCpuSecond` of the pairs, for work that has to be waited for. */
const perCpuSecond = async (work: () => Promise<void>): Promise<number> => {
  const from = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) await work();
  const { user, system } = process.cpuUsage(from);
  return (rounds * 1_000_000) / (user + system);
};
