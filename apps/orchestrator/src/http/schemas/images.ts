import { z } from 'zod';
import { imageDigest, imageManifest } from '#events';

export const imagePath = z.strictObject({ digest: imageDigest });
export const newImage = z.strictObject({ digest: imageDigest, manifest: imageManifest });
