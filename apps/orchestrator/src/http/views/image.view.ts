import { z } from 'zod';
import { imageDigest, imageManifest, instant } from '#events';
import type { ImageRow } from '../../projections/images.projection.ts';

export const imageAnswer = z
  .strictObject({ digest: imageDigest, manifest: imageManifest, registeredAt: instant })
  .meta({ id: 'Image' });

export const imageView = ({ image, registeredAt }: ImageRow): z.input<typeof imageAnswer> => ({
  digest: image.digest,
  manifest: image.manifest,
  registeredAt,
});
