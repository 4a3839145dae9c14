import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { errnoOf, type Report, withLock } from '#host';
import { imageFailure } from '../build-once.ts';
import { hashFile } from '../hash-file.ts';
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
import { type ImageSource, imageSource, type SourceOptions, type Wanted } from './sources.ts';
import { type Arrival, takeBlocks, takeBytes } from './take-file.ts';

export type FetchImageOptions = SourceOptions & {
  readonly cacheDir: string;
  readonly report: Report;
  readonly signal?: AbortSignal;
};

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
    return await withLock(dir, async () => {
      const meanwhile = await openImage(cacheDir, digest).catch(unlessAbsent);
      return meanwhile ?? (await fetchInto(dir, digest, from, options));
    });
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
    readonly read: (from: number) => AsyncIterable<Uint8Array>;
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
  // What has no length in the manifest is small, and begins anew.
  if (arrival.bytes === undefined) await rm(arrival.path, { force: true });
  const { size: kept } = await stat(arrival.path).catch(() => ({ size: 0 }));
  await takeBytes(arrival, read);
  const observed = await hashFile(arrival.path, options.signal);
  if (observed.sha256 === sha256) return;
  await rm(arrival.path, { force: true });
  if (kept > 0) throw new Error(`${role} went on from ${kept} bytes that were not its own; it begins anew`);
  throw new ImageError('sha256-differs', `${role} has SHA-256 ${observed.sha256}, wanted ${sha256}; it was not kept`);
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

/** What `work` makes of the first source that does. A broken connection is tried again a few times, and again for as long
 *  as something new comes; wrong bytes are not. Throws `fetch-failed` with what each source did. */
async function anyOf<T>(
  wanted: Wanted,
  sources: readonly ImageSource[],
  { report, signal }: FetchImageOptions,
  work: (read: (from: number) => AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const failures: string[] = [];
  for (const source of sources) {
    report({ step: 'fetch', detail: `${wanted} from ${source.name}` });
    let furthest = -1;
    for (let tries = 1; tries <= limits.fetchTriesMax; tries += 1) {
      const progress = { from: 0 };
      const read = (from: number): AsyncIterable<Uint8Array> => {
        progress.from = from;
        return source.read(wanted, from, signal);
      };
      const outcome = await work(read).then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      );
      if ('value' in outcome) return outcome.value;
      const { error } = outcome;
      signal?.throwIfAborted();
      if (errnoOf(error) === 'ENOSPC') throw error;
      const words = error instanceof Error ? error.message : String(error);
      report({ step: 'fetch', detail: `${source.name}: ${words}` });
      if (progress.from > furthest) tries = 1;
      furthest = Math.max(furthest, progress.from);
      const isFinal = isImageError(error) || ['ENOENT', 'ENOTDIR', 'EACCES'].includes(errnoOf(error) ?? '');
      if (isFinal || tries === limits.fetchTriesMax) {
        failures.push(`${source.name}: ${words}`);
        break;
      }
      await pause(limits.fetchPauseMs, undefined, signal === undefined ? {} : { signal });
    }
  }
  const observed = failures.length === 0 ? 'no source was named' : failures.join('; ');
  throw new ImageError('fetch-failed', `no source has a good ${wanted}: ${observed}; what came is kept, try again`);
}

function boundsOf(role: ImageRole, bytes: number | undefined) {
  if (role === 'packages') return { bytes, bytesMax: limits.packagesBytesMax };
  return { bytes, bytesMax: Math.min(bytes ?? 0, limits.imageBytesMax) };
}

function unlessAbsent(error: unknown): undefined {
  if (isImageError(error)) return undefined;
  throw error;
}
