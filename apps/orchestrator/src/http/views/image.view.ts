import { z } from 'zod';
import { imageDigest, imageManifest, imageMeasurements, instant } from '#events';
import type { ImageRow } from '../../projections/images.projection.ts';
import { type StaleView, staleAnswer } from './stale.view.ts';

export const imageAnswer = z
  .strictObject({
    digest: imageDigest,
    manifest: imageManifest,
    measurements: imageMeasurements.describe('What an attested guest of it is held against'),
    offered: z.boolean().describe('Whether a VM may be requested with it'),
    retiredReason: z.string().nullable(),
    registeredAt: instant,
    retiredAt: instant.nullable(),
    stale: staleAnswer.nullable(),
  })
  .meta({ id: 'Image' });

export const imageView = (
  { image, registeredAt, retiredAt }: ImageRow,
  stale: StaleView,
): z.input<typeof imageAnswer> => ({
  digest: image.digest,
  manifest: image.manifest,
  measurements: image.measurements,
  offered: image.retired === null,
  retiredReason: image.retired?.reason ?? null,
  registeredAt,
  retiredAt,
  stale,
});
