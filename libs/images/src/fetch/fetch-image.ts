import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from '#host';
import { imageFailure } from '../build-once.ts';
import { markFetched } from '../cache/entries.ts';
import { ImageError, isImageError } from '../image-error.ts';
import { limits } from '../limits.ts';
import {
  canonicalManifest,
  type ImageManifest,
  type ImageRole,
  imageDigest,
  imageFileNames,
  imageFiles,
  manifestFileName,
  parseManifest,
} from '../manifest.ts';
import { type Image, imagesDir, openImage, verifyImage } from '../store.ts';
import { openVerityTree } from '../verity/read-tree.ts';
import { anyOf, type FetchImageOptions, takeKnown } from './any-source.ts';
import { type ImageSource, imageSource } from './sources.ts';
import { type Arrival, type ReadFrom, takeBlocks, takeBytes } from './take-file.ts';

/** An image by its digest, from the cache or fetched there from the first of `sources` that has it: see `imageSource`. No
 *  source need be trusted: the manifest must have the digest, every file the one the manifest has, and a base image with a
 *  dm-verity tree is checked block by block as it comes. A source that sends something else, or breaks off, is left for the
 *  next; what was good of it stays, also for the next run. In the cache it is there whole, or not at all.
 *  Refuses with `fetch-failed`, naming what each source did. */
export async function fetchImage(
  digest: string,
  sources: readonly string[],
  options: FetchImageOptions,
): Promise<Image> {
  const { cacheDir } = options;
  const present = await openImage(cacheDir, digest).catch(unlessAbsent);
  if (present !== undefined) return present;
  if (!/^[0-9a-f]{64}$/.test(digest)) throw new ImageError('image-not-found', `"${digest}" is no digest of an image`);
  const from = sources.slice(0, limits.fetchSourcesMax).map((text) => imageSource(text, digest, options));
  const dir = join(imagesDir(cacheDir), '.fetching', 'images', digest);
  await mkdir(dir, { recursive: true });
  try {
    const work = async (): Promise<Image> =>
      (await openImage(cacheDir, digest).catch(unlessAbsent)) ?? (await fetchInto(dir, digest, from, options));
    return await withLock(dir, work, limits.fetchWaitMs);
  } catch (error) {
    throw imageFailure(error, cacheDir);
  }
}

async function fetchInto(
  dir: string,
  digest: string,
  sources: readonly ImageSource[],
  options: FetchImageOptions,
): Promise<Image> {
  await mkdir(dir, { recursive: true });
  const manifest = await fetchManifest(dir, digest, sources, options);
  for (const file of imageFiles(manifest)) {
    const path = join(dir, imageFileNames[file.role]);
    const arrival = { name: file.role, path, report: options.report, ...boundsOf(file.role, file.bytes) };
    await anyOf(file.role, sources, options, (read) => take(arrival, file, { manifest, dir, read, options }));
  }
  // Every byte once more, from the disk: what has its name is what it says.
  await verifyImage(dir, options.signal);
  await markFetched(dir);
  const into = join(imagesDir(options.cacheDir), digest);
  // A damaged copy may be in the way.
  await rm(into, { recursive: true, force: true });
  await rename(dir, into);
  return openImage(options.cacheDir, digest);
}

async function take(
  arrival: Arrival,
  { role, sha256 }: { readonly role: ImageRole; readonly sha256: string },
  {
    manifest,
    dir,
    read,
    options,
  }: {
    readonly manifest: ImageManifest;
    readonly dir: string;
    readonly read: ReadFrom;
    readonly options: FetchImageOptions;
  },
): Promise<void> {
  if (role === 'rootfs' && 'verity' in manifest) {
    const tree = await openVerityTree(join(dir, imageFileNames.tree), manifest.verity);
    try {
      return await takeBlocks({ ...arrival, bytes: manifest.rootfs.bytes }, tree, read);
    } finally {
      await tree.close();
    }
  }
  await takeKnown(arrival, sha256, read, options.signal);
}

async function fetchManifest(
  dir: string,
  digest: string,
  sources: readonly ImageSource[],
  options: FetchImageOptions,
): Promise<ImageManifest> {
  const path = join(dir, manifestFileName);
  const arrival = {
    name: 'manifest',
    path,
    bytes: undefined,
    bytesMax: limits.manifestBytesMax,
    report: options.report,
  };
  return anyOf('manifest', sources, options, async (read) => {
    await rm(path, { force: true });
    await takeBytes(arrival, read);
    const manifest = parseManifest(await readFile(path, 'utf8'), 'the manifest');
    const observed = imageDigest(manifest);
    if (observed !== digest) throw new ImageError('sha256-differs', `the manifest is that of ${observed}`);
    await writeFile(path, canonicalManifest(manifest));
    return manifest;
  });
}

function boundsOf(role: ImageRole, bytes: number | undefined) {
  if (role === 'packages') return { bytes, bytesMax: limits.packagesBytesMax };
  return { bytes, bytesMax: Math.min(bytes ?? 0, limits.imageBytesMax) };
}

function unlessAbsent(error: unknown): undefined {
  if (isImageError(error)) return undefined;
  throw error;
}
