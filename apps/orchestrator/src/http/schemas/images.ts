import { z } from 'zod';
import { imageDigest, imageManifest } from '#events';
import { listQuery } from './lists.ts';

export const imagePath = z.strictObject({ digest: imageDigest });
export const newImage = z.strictObject({ digest: imageDigest, manifest: imageManifest });

export const imageList = z.strictObject({
  ...listQuery,
  retired: z.enum(['include', 'exclude']).default('include').describe('Whether to list those that no new VM is given'),
});
