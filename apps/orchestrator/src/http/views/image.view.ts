import { z } from 'zod';
import { accountId, imageDigest, imageManifest, imageMeasurements, instant, sha256Hex } from '#events';
import type { ImageRow } from '../../projections/images.projection.ts';
import { type StaleView, staleAnswer } from './stale.view.ts';

export const imageAnswer = z
  .strictObject({
    digest: imageDigest,
    manifest: imageManifest,
    measurements: imageMeasurements.describe('What an attested guest of it is held against'),
    offered: z.boolean().describe('Whether a VM may be requested with it'),
    retiredReason: z.string().nullable(),
    private: z
      .strictObject({
        accountId,
        headerSha256: sha256Hex,
        key: z
          .enum(['absent', 'kept', 'withdrawn', 'destroyed'])
          .describe('Whether the vault has its key; a VM is given only while it is kept'),
      })
      .nullable()
      .describe('Whose it is, where its root file system is encrypted; null for a public image'),
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
  private:
    image.private === null
      ? null
      : { accountId: image.private.owner, headerSha256: image.private.headerSha256, key: image.private.key },
  registeredAt,
  retiredAt,
  stale,
});
