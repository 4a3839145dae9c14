import { createPrivateKey, createPublicKey } from 'node:crypto';
import { GuestKey } from './guest-key.ts';
import { cipherSuite } from './hpke/suite.ts';
import { xWing } from './hpke/x-wing.ts';
import type { NetworkMessage } from './messages.ts';
import { openNetworkMessage, signNetworkMessage } from './network-message.ts';
import { openRelease, type ReleaseBoot } from './release.ts';
import { SealingError } from './sealing-error.ts';
import { decodeSecrets, encodeSecrets } from './secrets.ts';
import { hybridSuite } from './suites.ts';

/**
 * Goes once through everything a guest does to open what the network sends it, with keys that everybody knows and nobody
 * trusts: a process that is kept as a snapshot then has that code compiled. Draws no randomness and leaves nothing behind.
 */
export const rehearseOpening = async (boot: ReleaseBoot): Promise<void> => {
  const privateKey = createPrivateKey({
    key: Buffer.alloc(32, 1),
    format: 'raw-private',
    asymmetricKeyType: 'ed25519',
  });
  const networkKey = createPublicKey(privateKey).export({ format: 'raw-public' });
  const guestKey = await knownGuestKey();
  const header = { version: 1, ...boot, guestKeySha256: guestKey.sha256 } as const;
  const sealed: NetworkMessage = {
    ...{ ...header, purpose: 'release', suite: hybridSuite, enc: enc.toString('base64') },
    ...{
      ciphertext: Buffer.alloc(64).toString('base64'),
      mode: 'unlock',
      headerSha256: zeros,
      minCounter: 0,
      counter: 1,
    },
  };
  const text = signNetworkMessage(sealed, privateKey);
  await openRelease({ text, networkKey, guestKey, boot }).catch(unlessUnopened);
  decodeSecrets(encodeSecrets(nobodysSecrets()));
  const goAhead: NetworkMessage = { ...header, purpose: 'go-ahead', counter: 1, sshHostKeySha256: zeros };
  const { version, ...expected } = header;
  openNetworkMessage(signNetworkMessage(goAhead, privateKey), networkKey, { ...expected, purpose: 'go-ahead' });
};

/** As a guest makes one, but from a seed that is no secret. */
const knownGuestKey = async (): Promise<GuestKey> => {
  const kem = xWing();
  const privateKey = await kem.DeserializePrivateKey(new Uint8Array(32).fill(1), false);
  const publicKey = await kem.DeserializePublicKey(privateKey.raw);
  const raw = await cipherSuite(hybridSuite).SerializePublicKey(publicKey);
  return new GuestKey(hybridSuite, raw, { privateKey, publicKey });
};

const zeros = '00'.repeat(32);
/** Sealed to nobody: an ML-KEM ciphertext of zeros, and the base point of X25519. */
const enc = Buffer.concat([Buffer.alloc(1_088), Buffer.of(9), Buffer.alloc(31)]);

const nobodysSecrets = () => ({
  ...{ volumeKey: new Uint8Array(64), hostname: 'nobody', keysVersion: 1 },
  authorizedKeys: [`ssh-ed25519 ${'A'.repeat(68)}`],
  network: { address: '192.0.2.1/24', gateway: '192.0.2.2', dns: [] },
  argon2: { memoryKib: 32 * 1024, iterations: 4, parallelism: 1 },
});

const unlessUnopened = (error: unknown): void => {
  if (!(error instanceof SealingError) || error.code !== 'release-unopened') throw error;
};
