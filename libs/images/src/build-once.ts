import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, isHostError, type Report, withLock } from '#host';
import { ImageError, isImageError } from './image-error.ts';
import { canonicalManifest, type ImageManifest, imageDigest, manifestFileName, parseManifest } from './manifest.ts';
import { type Image, imagesDir, openImage } from './store.ts';
import { inWorkDir } from './work-dir.ts';

export type BuildImageOptions = {
  readonly cacheDir: string;
  readonly report: Report;
  readonly signal?: AbortSignal;
  /** Builds anew, with the packages of today, even when an image of this recipe is there. */
  readonly rebuild?: boolean | undefined;
};

/** Where one build works: everything in `workDir` is gone afterwards, and `out` becomes the image's directory. */
export type BuildPlace = { readonly workDir: string; readonly out: string };

/** The image of a recipe, from the cache or made there now by `make`, which fills `out` and describes it.
 *  Made once per recipe, safe when several processes ask at once; all or nothing on disk.
 *  Refuses with `image-build-failed`, naming what was missing; what the host or an image said by name stays as it is. */
export async function buildOnce(
  recipeDigest: string,
  options: BuildImageOptions,
  make: (place: BuildPlace) => Promise<ImageManifest>,
): Promise<Image> {
  const { cacheDir } = options;
  const pointer = join(imagesDir(cacheDir), 'recipes', recipeDigest);
  const present = async (): Promise<Image | undefined> =>
    options.rebuild === true ? undefined : followPointer(cacheDir, pointer);
  return (
    (await present()) ??
    (await withLock(pointer, async () => (await present()) ?? (await makeAndPublish(pointer, cacheDir, make))).catch(
      (error: unknown) => {
        throw imageFailure(error, cacheDir);
      },
    ))
  );
}

async function makeAndPublish(
  pointer: string,
  cacheDir: string,
  make: (place: BuildPlace) => Promise<ImageManifest>,
): Promise<Image> {
  const images = imagesDir(cacheDir);
  await mkdir(join(images, 'recipes'), { recursive: true });
  return inWorkDir(images, async (workDir) => {
    const out = join(workDir, 'out');
    await mkdir(out);
    const image = await publish(out, await make({ workDir, out }), cacheDir);
    await writeFile(`${pointer}.new`, image.digest);
    await rename(`${pointer}.new`, pointer);
    return image;
  });
}

/** Moves a complete directory of image files into the cache, under the digest of its manifest. */
async function publish(out: string, manifest: ImageManifest, cacheDir: string): Promise<Image> {
  const digest = imageDigest(manifest);
  const text = canonicalManifest(manifest);
  // What we could not read again must not get its name.
  parseManifest(text, join(out, manifestFileName));
  await writeFile(join(out, manifestFileName), text);
  const dir = join(imagesDir(cacheDir), digest);
  await rename(out, dir).catch(async (error: unknown) => {
    if (!['ENOTEMPTY', 'EEXIST'].includes(errnoOf(error) ?? '')) throw error;
    // The same bytes are there already. A damaged copy makes room; a VM that has it open keeps it.
    const kept = await openImage(cacheDir, digest).catch(() => undefined);
    if (kept !== undefined) return;
    await rename(dir, `${out}.damaged`);
    await rename(out, dir);
  });
  return openImage(cacheDir, digest);
}

/** The image a recipe was built to, or undefined when there is none or it is damaged and must be built again. */
async function followPointer(cacheDir: string, pointer: string): Promise<Image | undefined> {
  try {
    return await openImage(cacheDir, (await readFile(pointer, 'utf8')).trim());
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || isImageError(error)) return undefined;
    throw error;
  }
}

/** What ended the making of an image, by name: a full disk and a stop are what they are, the rest is a failed build. */
export function imageFailure(error: unknown, cacheDir: string): unknown {
  if (error instanceof Error && error.name === 'AbortError') return error;
  if (isHostError(error, 'command-aborted') || isHostError(error, 'tool-missing')) return error;
  if (isImageError(error) && error.code !== 'package-unusable') return error;
  const reason = error instanceof Error ? error.message : String(error);
  // A program that we ran says it in its own words; our own writes have the number.
  if (errnoOf(error) === 'ENOSPC' || reason.includes('No space left on device')) {
    return new ImageError('disk-full', `the disk of ${cacheDir} is full: ${reason}; free some space and try again`, {
      cacheDir,
    });
  }
  return new ImageError('image-build-failed', `the VM image could not be built: ${reason}; ${fix}`, { cacheDir });
}

const fix = 'when the network is back, try again';
