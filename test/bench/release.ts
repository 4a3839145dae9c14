import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPublicKey,
  decapsulate,
  diffieHellman,
  encapsulate,
  generateKeyPairSync,
  hkdfSync,
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

/** X-Wing both ways with an ephemeral key, one derivation on each side, AES-256-GCM both ways, Ed25519 both ways. */
const primitives = (): (() => void) => {
  const network = generateKeyPairSync('ed25519');
  const [mlKem, x25519] = [generateKeyPairSync('ml-kem-768'), generateKeyPairSync('x25519')];
  const plaintext = randomBytes(450);
  const message = randomBytes(3_000);
  const combine = (...parts: readonly Uint8Array[]): Buffer =>
    parts.reduce((hash, part) => hash.update(part), createHash('sha3-256')).digest();
  const keyOf = (secret: Uint8Array): Buffer => Buffer.from(hkdfSync('sha256', secret, '', 'key', 44));
  const agreed = (privateKey: KeyObject, publicKey: KeyObject) => diffieHellman({ privateKey, publicKey });
  return () => {
    const { sharedKey, ciphertext } = encapsulate(mlKem.publicKey);
    const ephemeral = generateKeyPairSync('x25519');
    const sent = ephemeral.publicKey.export({ format: 'raw-public' });
    const sender = keyOf(combine(sharedKey, agreed(ephemeral.privateKey, x25519.publicKey), sent));
    const cipher = createCipheriv('aes-256-gcm', sender.subarray(0, 32), sender.subarray(32));
    const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    const signature = sign(null, message, network.privateKey);
    if (!verify(null, message, network.publicKey, signature)) throw new Error('the signature is not its own');
    const received = createPublicKey({ key: sent, format: 'raw-public', asymmetricKeyType: 'x25519' });
    const shared = decapsulate(mlKem.privateKey, ciphertext);
    const key = keyOf(combine(shared, agreed(x25519.privateKey, received), sent));
    const decipher = createDecipheriv('aes-256-gcm', key.subarray(0, 32), key.subarray(32));
    decipher.setAuthTag(cipher.getAuthTag()).update(body);
    decipher.final();
  };
};

/** As `perCpuSecond` of the pairs, for work that has to be waited for. */
const perCpuSecond = async (work: () => Promise<void>): Promise<number> => {
  const from = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) await work();
  const { user, system } = process.cpuUsage(from);
  return (rounds * 1_000_000) / (user + system);
};
