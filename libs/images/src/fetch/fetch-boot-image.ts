import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from '#host';
import { imageFailure } from '../build-once.ts';
import { bootsDir, type GuestBootImage, openGuestBootImage } from '../guest-boot/boots.ts';
import { type GuestBootManifest, guestBootDigest, guestBootManifest } from '../guest-boot/guest-boot-manifest.ts';
import { ImageError, isImageError } from '../image-error.ts';
import { limits } from '../limits.ts';
import { bootFileNames } from '../measured/boot-pair.ts';
import { anyOf, type FetchImageOptions, takeKnown } from './any-source.ts';
import { type ImageSource, imageSource } from './sources.ts';
import { takeBytes } from './take-file.ts';

/** The boot image of sealed VMs by its digest, as `fetchImage` gets an image: from the cache, or from the first of `sources`
 *  whose bytes are those that the digest stands for. Refuses with `fetch-failed`, naming what each source did. */
export async function fetchBootImage(
  digest: string,
  sources: readonly string[],
  options: FetchImageOptions,
): Promise<GuestBootImage> {
  const { cacheDir } = options;
  const open = () => openGuestBootImage(cacheDir, digest).catch(unlessAbsent);
  const present = await open();
  if (present !== undefined) return present;
  if (!/^[0-9a-f]{64}$/.test(digest))
    throw new ImageError('image-not-found', `"${digest}" is no digest of a boot image`);
  const from = sources.slice(0, limits.fetchSourcesMax).map((text) => imageSource(text, digest, options, 'boots'));
  const dir = join(bootsDir(cacheDir), '.fetching', digest);
  await mkdir(dir, { recursive: true });
  try {
    return await withLock(
      dir,
      async () => (await open()) ?? (await fetchInto(dir, digest, from, options)),
      fetchWaitMs,
    );
  } catch (error) {
    throw imageFailure(error, cacheDir);
  }
}

const { fetchWaitMs } = limits;

async function fetchInto(
  dir: string,
  digest: string,
  sources: readonly ImageSource[],
  options: FetchImageOptions,
): Promise<GuestBootImage> {
  await mkdir(dir, { recursive: true });
  const { report, signal, cacheDir } = options;
  const manifest = await fetchManifest(dir, digest, sources, options);
  for (const role of ['kernel', 'initrd'] as const) {
    const { bytes, sha256 } = manifest[role];
    const arrival = { name: role, path: join(dir, bootFileNames[role]), bytes, report };
    const bytesMax = Math.min(bytes, limits.initrdBytesMax);
    await anyOf(role, sources, options, (read) => takeKnown({ ...arrival, bytesMax }, sha256, read, signal));
  }
  const into = join(bootsDir(cacheDir), digest);
  // A damaged copy may be in the way.
  await rm(into, { recursive: true, force: true });
  await rename(dir, into);
  return openGuestBootImage(cacheDir, digest);
}

/** Its digest is over the two files alone: what else it says is read and shown, and decides nothing. */
function fetchManifest(
  dir: string,
  digest: string,
  sources: readonly ImageSource[],
  options: FetchImageOptions,
): Promise<GuestBootManifest> {
  const path = join(dir, bootFileNames.manifest);
  const { report } = options;
  const arrival = { name: 'manifest', path, bytes: undefined, bytesMax: limits.manifestBytesMax, report };
  return anyOf('manifest', sources, options, async (read) => {
    await rm(path, { force: true });
    await takeBytes(arrival, read);
    const manifest = manifestOf(await readFile(path, 'utf8'));
    const observed = guestBootDigest(manifest);
    if (observed !== digest) throw new ImageError('sha256-differs', `the manifest is that of ${observed}`);
    return manifest;
  });
}

function manifestOf(text: string): GuestBootManifest {
  try {
    return guestBootManifest.parse(JSON.parse(text));
  } catch {
    throw new ImageError('image-corrupt', 'the manifest is not that of a boot image');
  }
}

function unlessAbsent(error: unknown): undefined {
  if (isImageError(error)) return undefined;
  throw error;
}
