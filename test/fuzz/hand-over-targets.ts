import { generateKeyPairSync, sign } from 'node:crypto';
import {
  openVaultAnnouncement,
  SealingError,
  sealedImageKey,
  sealImageKey,
  signVaultAnnouncement,
  vaultSealingKey,
} from '#sealing';
import { signedBytes } from '../../libs/sealing/src/signed-text.ts';
import type { Target } from './targets.ts';

const networkId = '8f9a2f6e-2f1a-4b53-9d53-0d6f3f7d0a11';
const nonce = Buffer.alloc(32, 9);
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const raw = publicKey.export({ format: 'raw-public' });
const refuses = (error: unknown): boolean => error instanceof SealingError;

const read = (text: string) => openVaultAnnouncement(text, raw, { networkId, nonce });

/** Any body under a signature that holds, so that what is behind the signature is reached too. */
const signed = (body: string): string => {
  const signature = sign(null, signedBytes('hcc-vault-announcement-v1', body), privateKey).toString('base64');
  return JSON.stringify({ body, signature });
};

/** What an owner's tool reads of a vault, and the door of a key that was sealed to it. */
export const handOverTargets = async (): Promise<readonly Target[]> => {
  const key = await vaultSealingKey(Buffer.alloc(64, 7), networkId);
  const announcement = signVaultAnnouncement({ networkId, nonce, key }, privateKey);
  const terms = { imageDigest: 'ab'.repeat(32), accountId: networkId };
  const sealed = await sealImageKey(Buffer.alloc(64, 3), read(announcement), terms);
  const { body } = JSON.parse(announcement);
  return [
    { name: 'vault-announcement', parse: (bytes) => read(textOf(bytes)), seeds: [Buffer.from(announcement)], refuses },
    {
      name: 'vault-announcement-body',
      parse: (bytes) => read(signed(textOf(bytes))),
      seeds: [Buffer.from(body)],
      refuses,
    },
    {
      ...{ name: 'sealed-image-key', seeds: [Buffer.from(JSON.stringify(sealed))] },
      // As the door does it: JSON first, whose own error is the framework's, and then the form.
      parse: (bytes) => sealedImageKey.safeParse(JSON.parse(textOf(bytes))),
      refuses: (error) => error instanceof SyntaxError,
    },
  ];
};

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
