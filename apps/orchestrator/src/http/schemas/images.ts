import { z } from 'zod';
import { accountId, imageDigest, imageManifest, sha256Hex } from '#events';
import { listQuery } from './lists.ts';

export const imagePath = z.strictObject({ digest: imageDigest });
export const newImage = z.strictObject({
  digest: imageDigest,
  manifest: imageManifest,
  private: z
    .strictObject({
      accountId: accountId.describe('Whose it is, for good: only VMs of this account are filled from it'),
      headerSha256: sha256Hex.describe(
        'Of the LUKS2 header that guests must find at the beginning of its root file system',
      ),
    })
    .optional()
    .describe('Where its root file system is encrypted; a public image without it'),
});

/** A challenge of whoever asks for the vault's key. */
export const sealingKeyQuery = z.strictObject({
  nonce: sha256Hex.describe('32 random bytes of your own as 64 hex digits: the answer is signed over them'),
});

const files = ['manifest', 'packages', 'kernel', 'initrd', 'tree', 'rootfs'] as const;

export const imageFilePath = z.strictObject({ digest: imageDigest, file: z.enum(files) });
export const bootFilePath = z.strictObject({ digest: imageDigest, file: z.enum(['manifest', 'kernel', 'initrd']) });
export const partHeaders = z.object({
  range: z
    .string()
    .max(100)
    .optional()
    .describe('One range of bytes, such as bytes=4096-; anything else gives the whole file'),
});

export const imageList = z.strictObject({
  ...listQuery,
  retired: z.enum(['include', 'exclude']).default('include').describe('Whether to list those that no new VM is given'),
});
