import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { z } from 'zod';
import { ImageError } from './image-error.ts';
import { limits } from './limits.ts';

const file = z.strictObject({
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().nonnegative(),
});

const common = {
  name: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,62}$/),
  version: z.string().min(1).max(64),
  architecture: z.literal('x86_64'),
  kernel: file,
  initrd: file,
  rootfs: file,
  /** The kernel command line this image needs, without what an accelerator adds. */
  cmdline: z.string().max(1024),
  /** Who the owner logs in as; by key only. */
  sshUser: z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/),
  minMemoryBytes: z.int().positive(),
  /** Where the bytes come from: the Debian packages that were unpacked, sorted by name. */
  packages: z.array(z.strictObject({ name: z.string(), version: z.string(), sha256: file.shape.sha256 })).max(64),
} as const;

const name = z.string().min(1).max(64);

/** Version 2 also says what system it is and what it was made from; a large image has only the digest of its packages. */
const manifest = z.discriminatedUnion('manifestVersion', [
  z.strictObject({ manifestVersion: z.literal(1), ...common }),
  z.strictObject({
    manifestVersion: z.literal(2),
    ...common,
    os: z.strictObject({ id: name, version: name }),
    inputs: z.strictObject({
      kind: z.enum(['packages', 'import']),
      sha256: file.shape.sha256,
      count: z.int().positive(),
    }),
  }),
]);

export type ImageManifest = Readonly<z.infer<typeof manifest>>;
export type ImageManifestV2 = Extract<ImageManifest, { readonly manifestVersion: 2 }>;
export type ImageFile = Readonly<z.infer<typeof file>>;

/** The files of an image directory by their role. */
export const imageFileNames = { kernel: 'vmlinuz', initrd: 'initrd.cpio', rootfs: 'rootfs.raw' } as const;
export type ImageRole = keyof typeof imageFileNames;
export const imageRoles: readonly ImageRole[] = ['kernel', 'initrd', 'rootfs'];
export const manifestFileName = 'manifest.json';
/** Beside an image whose manifest has only the digest of its packages: the list that has it. */
export const packagesFileName = 'packages.json';

/** The text that is hashed and stored: RFC 8785, so that everybody who has the manifest gets the same digest. */
export function canonicalManifest(value: ImageManifest): string {
  const text = canonicalize(value);
  if (text === undefined) throw new Error('bug: a manifest has no canonical form');
  return text;
}

/** The image's name everywhere: SHA-256 of the canonical manifest, 64 lower-case hex digits. */
export function imageDigest(value: ImageManifest): string {
  return createHash('sha256').update(canonicalManifest(value)).digest('hex');
}

/** Reads a stored manifest. Refuses with `image-corrupt` what is too long, not JSON, or has other fields. */
export function parseManifest(text: string, where: string): ImageManifest {
  const corrupt = (observed: string): ImageError =>
    new ImageError('image-corrupt', `${where}: ${observed}; remove the image's directory and build it again`, {
      where,
    });
  if (Buffer.byteLength(text) > limits.manifestBytesMax) throw corrupt(`longer than ${limits.manifestBytesMax} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw corrupt('not JSON');
  }
  const parsed = manifest.safeParse(value);
  if (!parsed.success) throw corrupt(z.prettifyError(parsed.error));
  return parsed.data;
}
