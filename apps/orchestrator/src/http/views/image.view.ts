import { z } from 'zod';
import { imageDigest, imageManifest, instant } from '#events';
import type { ImageRow } from '../../projections/images.projection.ts';
import { type StaleView, staleAnswer } from './stale.view.ts';

export const imageAnswer = z
  .strictObject({ digest: imageDigest, manifest: imageManifest, registeredAt: instant, stale: staleAnswer.nullable() })
  .meta({ id: 'Image' });

export const imageView = ({ image, registeredAt }: ImageRow, stale: StaleView): z.input<typeof imageAnswer> => ({
  digest: image.digest,
  manifest: image.manifest,
  registeredAt,
  stale,
});
