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

const described = {
  ...common,
  os: z.strictObject({ id: name, version: name }),
  inputs: z.strictObject({
    kind: z.enum(['packages', 'import']),
    sha256: file.shape.sha256,
    count: z.int().positive(),
  }),
} as const;

const verity = z.strictObject({
  /** What a kernel holds every block of `rootfs` against: SHA-256, blocks of 4096 bytes, hash format 1, no superblock. */
  rootHash: file.shape.sha256,
  salt: z.string().regex(/^[0-9a-f]{64}$/),
  dataBlocks: z.int().positive(),
  tree: file,
});

/** Version 2 also says what system it is and what it was made from; a large image has only the digest of its packages.
 *  Version 3 is of images whose VMs have a disk that only their guest can read: with the dm-verity tree of the base. */
const manifest = z.discriminatedUnion('manifestVersion', [
  z.strictObject({ manifestVersion: z.literal(1), ...common }),
  z.strictObject({ manifestVersion: z.literal(2), ...described }),
  z.strictObject({ manifestVersion: z.literal(3), ...described, verity }),
]);

export type ImageManifest = Readonly<z.infer<typeof manifest>>;
export type ImageManifestV2 = Extract<ImageManifest, { readonly manifestVersion: 2 }>;
export type ImageManifestV3 = Extract<ImageManifest, { readonly manifestVersion: 3 }>;
export type ImageVerity = Readonly<z.infer<typeof verity>>;
export type ImageFile = Readonly<z.infer<typeof file>>;

/** The files of an image directory by their role; `tree` is of images with a dm-verity tree, `packages` of images whose
 *  manifest has only the digest of its packages: the list that has it. */
export const imageFileNames = {
  kernel: 'vmlinuz',
  initrd: 'initrd.cpio',
  rootfs: 'rootfs.raw',
  tree: 'verity.tree',
  packages: 'packages.json',
} as const;
export type ImageRole = keyof typeof imageFileNames;

/** The files an image consists of, each with its digest, and its length where the manifest has it. The smallest first, and
 *  the tree before what it is of. Pure. */
export function imageFiles(
  value: ImageManifest,
): readonly { readonly role: ImageRole; readonly sha256: string; readonly bytes: number | undefined }[] {
  return [
    ...('inputs' in value && value.inputs.kind === 'packages'
      ? [{ role: 'packages' as const, sha256: value.inputs.sha256, bytes: undefined }]
      : []),
    { role: 'kernel' as const, ...value.kernel },
    { role: 'initrd' as const, ...value.initrd },
    ...('verity' in value ? [{ role: 'tree' as const, ...value.verity.tree }] : []),
    { role: 'rootfs' as const, ...value.rootfs },
  ];
}

export const manifestFileName = 'manifest.json';

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
