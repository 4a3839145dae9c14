import { createHash } from 'node:crypto';
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import canonicalize from 'canonicalize';
import { writeBootFiles } from './boot-files.ts';
import { type BuildImageOptions, type BuildPlace, buildOnce } from './build-once.ts';
import { bootstrapDebian } from './debian-bootstrap.ts';
import { installedPackages, osOf, type StagedRoot, stageDebian } from './debian-root.ts';
import { makeExt4 } from './ext4.ts';
import { type GuestFiles, guestFilesDigest, readDebianFiles } from './guest-files.ts';
import { hashFile } from './hash-file.ts';
import { ImageError } from './image-error.ts';
import { imageModules } from './initramfs.ts';
import { readKernel } from './kernel.ts';
import { limits } from './limits.ts';
import { type ImageManifestV3, imageFileNames } from './manifest.ts';
import { fetchPackages, type UnpackedPackages } from './packages.ts';
import { type Image, imagesDir } from './store.ts';
import { describeVerity } from './verity/describe-verity.ts';

export type DebianImageOptions = BuildImageOptions & {
  readonly name?: string | undefined;
  readonly suite?: string | undefined;
  /** Debian packages beside the ones every image has, such as `docker.io`. */
  readonly apps?: readonly string[] | undefined;
  /** The least size of the root file system; a VM grows it to its own disk either way. */
  readonly sizeBytes?: number | undefined;
};

/** A full Debian with systemd and sshd, from the cache or built there now.
 *  Built once per recipe (suite, packages, guest files); safe when several processes ask at once; all or nothing on disk.
 *  Refuses with `image-build-failed` or `disk-full`, naming what was missing. Source: ADR-0021. */
export async function buildDebianImage(options: DebianImageOptions): Promise<Image> {
  const recipe = recipeOf(options);
  const guestFiles = await readDebianFiles();
  const text = JSON.stringify({ ...recipe, guest: guestFilesDigest(guestFiles) });
  return buildOnce(sha256(text), options, (place) => build(recipe, guestFiles, place, options));
}

type Recipe = ReturnType<typeof recipeOf>;

/** What the image is made from, apart from package versions: a change here means another image. */
function recipeOf({ name = 'debian', suite = 'bookworm', apps = [], sizeBytes = 0 }: DebianImageOptions) {
  const wrong = [...apps, suite].find((text) => !/^[a-z0-9][a-z0-9+.-]{0,62}$/.test(text));
  if (wrong !== undefined || apps.length > limits.appsMax || sizeBytes > limits.rootfsBytesMax) {
    const observed = wrong ?? (apps.length > limits.appsMax ? `${apps.length} apps` : `${sizeBytes} bytes`);
    throw new ImageError(
      'image-build-failed',
      `"${observed}" cannot be: apps and suite are names of Debian's, at most ${limits.appsMax}, and an image has at most ${limits.rootfsBytesMax} bytes`,
      { observed },
    );
  }
  return {
    revision: 2,
    ...{ kind: 'debian', name, suite, sizeBytes, packages: [...new Set([...basePackages, ...apps])].sort() },
    cmdline: 'console=ttyS0 quiet panic=-1 net.ifnames=0 root=/dev/vda rw',
    sshUser: 'root',
    minMemoryBytes: 384 * 1024 * 1024,
  } as const;
}

/** What makes a Debian that people know, beside dpkg's essential packages and apt. */
const basePackages = [
  ...['systemd-sysv', 'dbus', 'openssh-server', 'sudo', 'kmod', 'e2fsprogs', 'busybox-static'],
  ...['iproute2', 'iputils-ping', 'netbase', 'ca-certificates', 'curl', 'procps', 'less', 'nano'],
];

async function build(
  recipe: Recipe,
  guestFiles: GuestFiles,
  { workDir, out }: BuildPlace,
  { cacheDir, report, signal }: DebianImageOptions,
): Promise<ImageManifestV3> {
  report({ step: 'image', detail: `building a Debian ${recipe.suite} image, into ${imagesDir(cacheDir)}` });
  await demandRoom(workDir);
  const cancel = signal === undefined ? {} : { signal };
  const tools = { programs: ['busybox-static', 'mmdebstrap'], libraries: false };
  const unpacked = await fetchPackages(recipe.suite, { workDir: join(workDir, 'packages'), cacheDir }, tools, {
    report,
    ...cancel,
  });
  const tarPath = join(workDir, 'root.tar');
  const tmp = join(workDir, 'bootstrap');
  await mkdir(tmp);
  await bootstrapDebian({
    ...{ suite: recipe.suite, packages: recipe.packages, toolRoot: unpacked.root, workDir: tmp, tarPath, report },
    ...cancel,
  });
  const kernel = await readKernel(unpacked.root, imageModules);
  await writeBootFiles(out, { root: unpacked.root, kernel, guestFiles: guestFiles.initramfs, report });
  report({ step: 'image', detail: 'laying out the root file system' });
  const staged = await stageDebian({
    ...{ tarPath, stage: join(workDir, 'root'), guestFiles: guestFiles.rootfs },
    ...{ unpackedRoot: unpacked.root, kernelRelease: kernel.release },
    ...cancel,
  });
  await rm(tarPath);
  const bytes = sizeFor(staged, recipe.sizeBytes);
  report({ step: 'image', detail: `writing ${staged.owners.length} files into ${Math.round(bytes / 1024 ** 2)} MiB` });
  await makeExt4({ ...staged, imagePath: join(out, imageFileNames.rootfs), bytes, ...cancel });
  const manifest = await describe(recipe, kernel.release, unpacked, { stage: staged.stage, out, signal });
  report({ step: 'image', detail: `${manifest.inputs.count} packages, and its dm-verity tree` });
  return manifest;
}

async function describe(
  { name, suite, cmdline, sshUser, minMemoryBytes }: Recipe,
  kernelRelease: string,
  { packages }: UnpackedPackages,
  { stage, out, signal }: { readonly stage: string; readonly out: string; readonly signal: AbortSignal | undefined },
): Promise<ImageManifestV3> {
  const installed = await installedPackages(stage);
  const list = canonicalize(installed) ?? '';
  await writeFile(join(out, imageFileNames.packages), list);
  return {
    manifestVersion: 3,
    ...{ name, version: `${suite}-${kernelRelease}`, architecture: 'x86_64', cmdline, sshUser, minMemoryBytes },
    kernel: await hashFile(join(out, imageFileNames.kernel)),
    initrd: await hashFile(join(out, imageFileNames.initrd)),
    ...(await describeVerity(out, signal)),
    packages,
    os: await osOf(stage),
    inputs: { kind: 'packages', sha256: sha256(list), count: installed.length },
  };
}

/** Refuses to begin what would fill the disk: the archive, the tree and the image are there at the same time. */
async function demandRoom(dir: string): Promise<void> {
  const { bavail, bsize } = await statfs(dir);
  const freeBytes = bavail * bsize;
  if (freeBytes >= limits.debianFreeBytes) return;
  throw new ImageError(
    'disk-full',
    `the disk of ${dir} has ${freeBytes} bytes free and building an image needs ${limits.debianFreeBytes}; free some space, or set HCC_CACHE to another disk`,
    { freeBytes, wantedBytes: limits.debianFreeBytes },
  );
}

/** Content, a twentieth for the file system's own tables, an inode of 16 KiB for each file, and slack. Whole MiB. */
function sizeFor({ bytes, owners }: StagedRoot, leastBytes: number): number {
  const mebibyte = 1024 * 1024;
  const inodeBytes = 16_384;
  const wanted = Math.max(bytes * 1.05, owners.length * inodeBytes) + limits.rootfsSlackBytes;
  return Math.max(leastBytes, Math.ceil(wanted / mebibyte) * mebibyte);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
