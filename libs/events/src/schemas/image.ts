import { z } from 'zod';
import type { ImageEvent, ImageManifest } from '#domain';
import { count, imageDigest, longText, sha256Hex, shortText } from './values.ts';
import type { EventSchemas } from './vm.ts';

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
});

/** Stored form, version 1, of every event on `image-<digest>`. */
export const imageEvents = {
  ImageRegistered: z.strictObject({ digest: imageDigest, manifest: imageManifest }),
} satisfies EventSchemas<ImageEvent>;
