import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import canonicalize from 'canonicalize';
import { writeBootFiles } from './boot-files.ts';
import { type BuildImageOptions, type BuildPlace, buildOnce } from './build-once.ts';
import { type GuestFiles, guestFilesDigest, readGuestFiles } from './guest-files.ts';
import { hashFile } from './hash-file.ts';
import { imageModules } from './initramfs.ts';
import { readKernel } from './kernel.ts';
import { type ImageManifest, type ImageManifestV3, imageFileNames } from './manifest.ts';
import { fetchPackages, tinyPackages } from './packages.ts';
import { buildRootfs } from './rootfs.ts';
import { type Image, imagesDir } from './store.ts';
import { describeVerity } from './verity/describe-verity.ts';

/** The small image that boots to SSH in a few seconds, from the cache or built there now.
 *  Built once per recipe (these sources and guest files); safe when several processes ask at once; all or nothing on disk.
 *  Refuses with `image-build-failed`, naming what was missing. */
export async function buildTinyImage(options: BuildImageOptions): Promise<Image> {
  const guestFiles = await readGuestFiles();
  return buildOnce(recipeDigest(guestFiles), options, (place) => build(guestFiles, place, options));
}

/** What the image is made from, apart from package versions: a change here means another image. */
const recipe = {
  revision: 3,
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
): Promise<ImageManifestV3> {
  report({ step: 'image', detail: `building the small VM image once, into ${imagesDir(cacheDir)}` });
  const context = signal === undefined ? { report } : { report, signal };
  const { root, packages } = await fetchPackages(
    recipe.suite,
    { workDir: join(workDir, 'packages'), cacheDir },
    tinyPackages,
    context,
  );
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
  report({ step: 'image', detail: 'its digest and dm-verity tree' });
  return describe(out, kernel.release, packages, signal);
}

async function describe(
  out: string,
  kernelRelease: string,
  packages: ImageManifest['packages'],
  signal: AbortSignal | undefined,
): Promise<ImageManifestV3> {
  const list = canonicalize(packages) ?? '';
  await writeFile(join(out, imageFileNames.packages), list);
  return {
    manifestVersion: 3,
    name: recipe.name,
    version: `${recipe.revision}-${kernelRelease}`,
    architecture: 'x86_64',
    kernel: await hashFile(join(out, imageFileNames.kernel)),
    initrd: await hashFile(join(out, imageFileNames.initrd)),
    ...(await describeVerity(out, signal)),
    cmdline: recipe.cmdline,
    sshUser: recipe.sshUser,
    minMemoryBytes: recipe.minMemoryBytes,
    packages,
    // busybox and a few programs, and nothing that has a version of its own.
    os: { id: 'busybox', version: recipe.suite },
    inputs: { kind: 'packages', sha256: sha256(list), count: packages.length },
  };
}

function recipeDigest(guestFiles: GuestFiles): string {
  return sha256(JSON.stringify({ ...recipe, guest: guestFilesDigest(guestFiles) }));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
