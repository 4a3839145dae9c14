import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { writeBootFiles } from './boot-files.ts';
import { type BuildImageOptions, type BuildPlace, buildOnce } from './build-once.ts';
import { type GuestFiles, guestFilesDigest, readGuestFiles } from './guest-files.ts';
import { hashFile } from './hash-file.ts';
import { imageModules } from './initramfs.ts';
import { readKernel } from './kernel.ts';
import { type ImageManifest, imageFileNames } from './manifest.ts';
import { fetchPackages, tinyPackages } from './packages.ts';
import { buildRootfs } from './rootfs.ts';
import { type Image, imagesDir } from './store.ts';

/** The small image that boots to SSH in a few seconds, from the cache or built there now.
 *  Built once per recipe (these sources and guest files); safe when several processes ask at once; all or nothing on disk.
 *  Refuses with `image-build-failed`, naming what was missing. */
export async function buildTinyImage(options: BuildImageOptions): Promise<Image> {
  const guestFiles = await readGuestFiles();
  return buildOnce(recipeDigest(guestFiles), options, (place) => build(guestFiles, place, options));
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

async function build(
  guestFiles: GuestFiles,
  { workDir, out }: BuildPlace,
  { cacheDir, report, signal }: BuildImageOptions,
): Promise<ImageManifest> {
  report({ step: 'image', detail: `building the small VM image once, into ${imagesDir(cacheDir)}` });
  const context = signal === undefined ? { report } : { report, signal };
  const { root, packages } = await fetchPackages(recipe.suite, join(workDir, 'packages'), tinyPackages, context);
  const kernel = await readKernel(root, imageModules);
  await writeBootFiles(out, { root, kernel, guestFiles: guestFiles.initramfs, report });
  report({ step: 'image', detail: 'making the root file system' });
  const imagePath = join(out, imageFileNames.rootfs);
  await buildRootfs({
    unpackedRoot: root,
    guestFiles: guestFiles.rootfs,
    workDir,
    imagePath,
    ...(signal && { signal }),
  });
  return describe(out, kernel.release, packages);
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

function recipeDigest(guestFiles: GuestFiles): string {
  return createHash('sha256')
    .update(JSON.stringify({ ...recipe, guest: guestFilesDigest(guestFiles) }))
    .digest('hex');
}
