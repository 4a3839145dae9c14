import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, isHostError, type Report, withLock } from '#host';
import { type GuestFiles, guestFilesDigest, readGuestFiles } from './guest-files.ts';
import { hashFile } from './hash-file.ts';
import { ImageError, isImageError } from './image-error.ts';
import { buildInitramfs, readKernel } from './initramfs.ts';
import { canonicalManifest, type ImageManifest, imageDigest, imageFileNames, manifestFileName } from './manifest.ts';
import { fetchPackages } from './packages.ts';
import { buildRootfs } from './rootfs.ts';
import { type Image, imagesDir, openImage } from './store.ts';
import { readMember } from './tree.ts';

export type BuildImageOptions = {
  readonly cacheDir: string;
  readonly report: Report;
  readonly signal?: AbortSignal;
  /** Builds anew, with the packages of today, even when an image of this recipe is there. */
  readonly rebuild?: boolean;
};

/** The small image that boots to SSH in a few seconds, from the cache or built there now.
 *  Built once per recipe (these sources and guest files); safe when several processes ask at once; all or nothing on disk.
 *  Refuses with `image-build-failed`, naming what was missing. */
export async function buildTinyImage(options: BuildImageOptions): Promise<Image> {
  const guestFiles = await readGuestFiles();
  const pointer = join(imagesDir(options.cacheDir), 'recipes', recipeDigest(guestFiles));
  const present = options.rebuild === true ? undefined : await followPointer(options.cacheDir, pointer);
  if (present !== undefined) return present;
  return withLock(pointer, async () => {
    const builtMeanwhile = options.rebuild === true ? undefined : await followPointer(options.cacheDir, pointer);
    return builtMeanwhile ?? (await build(guestFiles, pointer, options));
  }).catch((error: unknown) => {
    throw buildFailed(error, options.cacheDir);
  });
}

/** What the image is made from, apart from package versions: a change here means another image. */
const recipe = {
  revision: 2,
  name: 'tiny',
  suite: 'bookworm',
  cmdline: 'console=ttyS0 quiet panic=-1 net.ifnames=0 root=/dev/vda rw',
  sshUser: 'root',
  minMemoryBytes: 128 * 1024 * 1024,
} as const;

async function build(guestFiles: GuestFiles, pointer: string, options: BuildImageOptions): Promise<Image> {
  const { report, signal } = options;
  const context = signal === undefined ? { report } : { report, signal };
  const images = imagesDir(options.cacheDir);
  await mkdir(join(images, 'recipes'), { recursive: true });
  const workDir = await mkdtemp(join(images, '.build-'));
  try {
    report({ step: 'image', detail: `building the small VM image once, into ${images}` });
    const { root, packages } = await fetchPackages(recipe.suite, join(workDir, 'packages'), context);
    const out = join(workDir, 'out');
    await mkdir(out);
    const kernel = await readKernel(root);
    report({
      step: 'image',
      detail: `kernel ${kernel.release}: packing the first RAM disk with ${kernel.modules.length} drivers`,
    });
    await writeFile(join(out, imageFileNames.kernel), kernel.image);
    const busybox = await readMember(root, 'bin/busybox');
    await writeFile(join(out, imageFileNames.initrd), buildInitramfs(busybox, kernel, guestFiles.initramfs));
    report({ step: 'image', detail: 'making the root file system' });
    const imagePath = join(out, imageFileNames.rootfs);
    await buildRootfs({
      unpackedRoot: root,
      guestFiles: guestFiles.rootfs,
      workDir,
      imagePath,
      ...(signal && { signal }),
    });
    const manifest = await describe(out, kernel.release, packages);
    const image = await publish(out, manifest, pointer, options.cacheDir);
    report({ step: 'image', detail: `${recipe.name} ${image.digest.slice(0, 16)} is ready` });
    return image;
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

async function describe(
  out: string,
  kernelRelease: string,
  packages: ImageManifest['packages'],
): Promise<ImageManifest> {
  return {
    manifestVersion: 1,
    name: recipe.name,
    version: `${recipe.revision}-${kernelRelease}`,
    architecture: 'x86_64',
    kernel: await hashFile(join(out, imageFileNames.kernel)),
    initrd: await hashFile(join(out, imageFileNames.initrd)),
    rootfs: await hashFile(join(out, imageFileNames.rootfs)),
    cmdline: recipe.cmdline,
    sshUser: recipe.sshUser,
    minMemoryBytes: recipe.minMemoryBytes,
    packages,
  };
}

async function publish(out: string, manifest: ImageManifest, pointer: string, cacheDir: string): Promise<Image> {
  const digest = imageDigest(manifest);
  await writeFile(join(out, manifestFileName), canonicalManifest(manifest));
  const dir = join(imagesDir(cacheDir), digest);
  await rename(out, dir).catch(async (error: unknown) => {
    if (!['ENOTEMPTY', 'EEXIST'].includes(errnoOf(error) ?? '')) throw error;
    // The same bytes are there already. A damaged copy makes room; a VM that has it open keeps it.
    const kept = await openImage(cacheDir, digest).catch(() => undefined);
    if (kept !== undefined) return;
    await rename(dir, `${out}.damaged`);
    await rename(out, dir);
  });
  await writeFile(`${pointer}.new`, digest);
  await rename(`${pointer}.new`, pointer);
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

function recipeDigest(guestFiles: GuestFiles): string {
  return createHash('sha256')
    .update(JSON.stringify({ ...recipe, guest: guestFilesDigest(guestFiles) }))
    .digest('hex');
}

function buildFailed(error: unknown, cacheDir: string): unknown {
  if (isHostError(error, 'command-aborted') || isHostError(error, 'tool-missing')) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const fix =
    errnoOf(error) === 'ENOSPC' ? `free some space for ${cacheDir} (200 MB)` : 'run: node dist/scripts/setup.js';
  return new ImageError('image-build-failed', `the VM image could not be built: ${reason}; ${fix}`, { cacheDir });
}
