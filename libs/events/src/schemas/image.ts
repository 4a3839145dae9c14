import { z } from 'zod';
import type { ImageEvent, ImageManifest, ImageMeasurements } from '#domain';
import type { Upcaster } from '../codec.ts';
import { accountId, count, imageDigest, longText, sha256Hex, shortText } from './values.ts';
import type { EventSchemas } from './vm.ts';

/** dm-verity takes at most 256 bytes; ours are 32. */
const veritySalt = z.string().regex(/^(?:[0-9a-f]{2}){0,64}$/, 'expected lower-case hex of at most 64 bytes');
const file = z.strictObject({ sha256: sha256Hex, bytes: count });

export const imageManifest: z.ZodType<ImageManifest, ImageManifest> = z.strictObject({
  manifestVersion: count,
  name: shortText,
  version: shortText,
  architecture: shortText,
  kernel: file,
  initrd: file,
  rootfs: file,
  cmdline: longText,
  sshUser: shortText,
  minMemoryBytes: count,
  packages: z.array(z.strictObject({ name: shortText, version: shortText, sha256: sha256Hex })).max(256),
  os: z.strictObject({ id: shortText, version: shortText }).optional(),
  inputs: z.strictObject({ kind: z.enum(['packages', 'import']), sha256: sha256Hex, count }).optional(),
  verity: z
    .strictObject({ rootHash: sha256Hex, salt: veritySalt, dataBlocks: z.int().positive(), tree: file })
    .optional(),
});

export const imageMeasurements: z.ZodType<ImageMeasurements, ImageMeasurements> = z.strictObject({
  launch: z.literal('unmeasured'),
  verityRoot: z.literal('unmeasured'),
});

/** Stored form of every event on `image-<digest>`. */
export const imageEvents = {
  ImageRegistered: z.strictObject({ digest: imageDigest, manifest: imageManifest, measurements: imageMeasurements }),
  ImageRetired: z.strictObject({ reason: shortText }),
  ImageMadePrivate: z.strictObject({ owner: accountId, headerSha256: sha256Hex }),
  ImageKeyKept: z.strictObject({ keyVersion: count }),
  ImageKeyWithdrawn: z.strictObject({ reason: shortText }),
  ImageKeyDestroyed: z.strictObject({ keyVersion: count }),
} satisfies EventSchemas<ImageEvent>;

/** Version 1 of ImageRegistered said nothing of measurements, because there were none. */
export const imageUpcasters: readonly Upcaster[] = [
  {
    type: 'ImageRegistered',
    from: 1,
    up: (data) => ({ ...data, measurements: { launch: 'unmeasured', verityRoot: 'unmeasured' } }),
  },
];
