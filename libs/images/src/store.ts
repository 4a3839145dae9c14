import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '#host';
import { hashFile } from './hash-file.ts';
import { ImageError } from './image-error.ts';
import {
  type ImageManifest,
  type ImageRole,
  imageDigest,
  imageFileNames,
  imageFiles,
  manifestFileName,
  parseManifest,
} from './manifest.ts';

/** An image in the cache. The files are never written again once they are there. */
export type Image = {
  /** 64 hex digits: SHA-256 of the canonical manifest. */
  readonly digest: string;
  readonly dir: string;
  readonly manifest: ImageManifest;
  readonly kernelPath: string;
  readonly initrdPath: string;
  readonly rootfsPath: string;
  /** The dm-verity tree of `rootfs`, where the image has one. */
  readonly treePath: string | null;
};

/** Where the images of a cache are; each in a directory named by its digest. */
export function imagesDir(cacheDir: string): string {
  return join(cacheDir, 'images');
}

/** An image of the cache by its digest, after a cheap look: manifest well-formed and of that digest, files of the right length.
 *  Refuses with `image-not-found` or `image-corrupt`. `verifyImage` also reads every byte. */
export async function openImage(cacheDir: string, digest: string): Promise<Image> {
  const dir = join(imagesDir(cacheDir), digest);
  if (!digestPattern.test(digest)) throw notFound(digest, dir);
  const image = await readImage(dir, digest);
  for (const { role, bytes } of imageFiles(image.manifest)) {
    const path = pathOf(image, role);
    const observed = await lengthOf(path);
    if (bytes !== undefined && observed !== bytes) throw differs(path, `${observed} bytes`, `${bytes} bytes`);
  }
  return image;
}

/** Reads every byte of an image directory again and promises that it is what its name says.
 *  Refuses with `image-corrupt`, naming the file that differs, what it hashes to and what it should. */
export async function verifyImage(dir: string, signal?: AbortSignal): Promise<Image> {
  const digest =
    dir
      .split('/')
      .filter((part) => part !== '')
      .at(-1) ?? '';
  const image = await readImage(dir, digest);
  for (const { role, sha256 } of imageFiles(image.manifest)) {
    const path = pathOf(image, role);
    await lengthOf(path);
    const observed = await hashFile(path, signal);
    if (observed.sha256 !== sha256) throw differs(path, observed.sha256, sha256);
  }
  return image;
}

/** Every image of the cache that passes the cheap look, sorted by name, version and digest. Damaged ones are left out. */
export async function listImages(cacheDir: string): Promise<readonly Image[]> {
  const names = await readdir(imagesDir(cacheDir)).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  });
  const images: Image[] = [];
  for (const name of names.filter((entry) => digestPattern.test(entry))) {
    const image = await openImage(cacheDir, name).catch((error: unknown) => {
      if (error instanceof ImageError) return undefined;
      throw error;
    });
    if (image !== undefined) images.push(image);
  }
  return images.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

const digestPattern = /^[0-9a-f]{64}$/;

async function readImage(dir: string, digest: string): Promise<Image> {
  const path = join(dir, manifestFileName);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') throw notFound(digest, dir);
    throw error;
  });
  const manifest = parseManifest(text, path);
  const observed = imageDigest(manifest);
  if (observed !== digest) throw differs(path, observed, digest);
  return {
    digest,
    dir,
    manifest,
    kernelPath: join(dir, imageFileNames.kernel),
    initrdPath: join(dir, imageFileNames.initrd),
    rootfsPath: join(dir, imageFileNames.rootfs),
    treePath: 'verity' in manifest ? join(dir, imageFileNames.tree) : null,
  };
}

function pathOf(image: Image, role: ImageRole): string {
  return join(image.dir, imageFileNames[role]);
}

async function lengthOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw differs(path, 'no such file', 'a file');
    throw error;
  }
}

function sortKey(image: Image): string {
  return [image.manifest.name, image.manifest.version, image.digest].join(' ');
}

function notFound(digest: string, dir: string): ImageError {
  return new ImageError(
    'image-not-found',
    `no image ${digest.slice(0, 16)} in ${dir}; build or import it on this machine: hcc image --help`,
    {
      digest,
      dir,
    },
  );
}

function differs(path: string, observed: string, wanted: string): ImageError {
  return new ImageError(
    'image-corrupt',
    `${path} differs: observed ${observed}, wanted ${wanted}; remove the image's directory, then build or import it again: hcc image --help`,
    { path, observed, wanted },
  );
}
