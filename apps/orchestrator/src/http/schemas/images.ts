import { z } from 'zod';
import { imageDigest, imageManifest } from '#events';
import { listQuery } from './lists.ts';

export const imagePath = z.strictObject({ digest: imageDigest });
export const newImage = z.strictObject({ digest: imageDigest, manifest: imageManifest });

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
