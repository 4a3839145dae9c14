import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type GuestKey, generateGuestKey, type ReleaseBoot, type ReleaseSecrets, type SealingSuite } from './index.ts';

/** A network of a spec: its key, and what its guests are measured with. */
export const networkOf = (): { readonly privateKey: KeyObject; readonly publicKey: Uint8Array } => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { privateKey, publicKey: publicKey.export({ format: 'raw-public' }) };
};

export const guestOf = (suite?: SealingSuite): Promise<GuestKey> => generateGuestKey(suite);

export const bootOf = (): ReleaseBoot => ({
  networkId: '8f9a2f6e-2f1a-4b53-9d53-0d6f3f7d0a11',
  vmId: '0198c5ad-0000-7000-8000-000000000001',
  generation: 3,
  bootId: '0198c5ad-0000-7000-8000-000000000002',
  nonce: Buffer.alloc(32, 9).toString('base64'),
});

export const secretsOf = (): ReleaseSecrets => ({
  volumeKey: Uint8Array.from({ length: 64 }, (_, index) => 200 - index),
  hostname: 'web-1',
  authorizedKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0 mara@laptop'],
  keysVersion: 4,
  network: { address: '10.0.2.15/24', gateway: '10.0.2.2', dns: ['10.0.2.3'] },
  argon2: { memoryKib: 65_536, iterations: 4, parallelism: 1 },
});
