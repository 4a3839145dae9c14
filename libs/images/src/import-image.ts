import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isHostError, requireTool, run, withLock } from '#host';
import { type BuildImageOptions, type BuildPlace, buildOnce, imageFailure } from './build-once.ts';
import { type DiskHeader, diskHeaderBytes, readDiskHeader } from './disk-header.ts';
import { copyFile, fetchFile, shaDiffers } from './fetch-file.ts';
import { hashFile } from './hash-file.ts';
import { ImageError } from './image-error.ts';
import { limits } from './limits.ts';
import { type ImageManifestV2, type ImageManifestV3, imageFileNames } from './manifest.ts';
import { demandExt4, demandLuks } from './root-file-system.ts';
import { type Image, imagesDir } from './store.ts';
import { describeVerity } from './verity/describe-verity.ts';

export type ImportImageOptions = Omit<BuildImageOptions, 'rebuild'> & {
  /** A path, or an http(s) address. */
  readonly source: string;
  /** What the disk must hash to. May be left out for a file, and never for an address. */
  readonly sha256?: string | undefined;
  /** What QEMU starts, and its first RAM disk: files. Nothing of a disk that nobody knows is opened to look for them. */
  readonly kernel: string;
  readonly initrd: string;
  readonly cmdline: string;
  readonly name: string;
  readonly sshUser: string;
  readonly minMemoryBytes: number;
  readonly os: { readonly id: string; readonly version: string };
  /** The disk is one ext4 root file system whose SSH server reads its keys from /run/hcc/ssh/authorized_keys, as those of our
   *  images do: VMs of it get a disk that only their guest can read. Nobody's disk is opened to find out. */
  readonly sealed?: boolean | undefined;
  /** That root file system is encrypted: a LUKS2 volume, which is hashed as it is and opened by nobody but a guest with its key. */
  readonly encrypted?: boolean | undefined;
  readonly stallMs?: number;
};

/** An image made of somebody else's disk, checked while it is fetched. The bytes decide: the same disk, kernel and
 *  settings are the same image, and there is at most one of it. All or nothing in the store.
 *  Refuses with `sha256-differs`, `not-a-disk`, `disk-refers-elsewhere`, `image-too-large`, `fetch-failed` or `disk-full`. */
export async function importImage(options: ImportImageOptions): Promise<Image> {
  const { cacheDir, source, sha256 } = options;
  if (isAddress(source) && sha256 === undefined) {
    throw new ImageError(
      'sha256-differs',
      `${source} is fetched only with --sha256: whoever answers there could send anything`,
    );
  }
  const dir = await mkdtempIn(cacheDir);
  try {
    const disk = join(dir, 'disk');
    const fetched = await withLock(sha256 === undefined ? dir : partPath(cacheDir, sha256), () =>
      fetchDisk(options, disk),
    );
    const boot = {
      kernel: await copyFile(options.kernel, join(dir, imageFileNames.kernel), limits.memberBytesMax, options.signal),
      initrd: await copyFile(options.initrd, join(dir, imageFileNames.initrd), limits.initrdBytesMax, options.signal),
    };
    const sealed = options.sealed === true ? { sealed: true } : {};
    const recipe = JSON.stringify({ kind: 'import', revision: 1, fetched, boot, ...settingsOf(options), ...sealed });
    const digest = createHash('sha256').update(recipe).digest('hex');
    return await buildOnce(digest, options, (place) => make({ dir, disk, fetched }, place, options));
  } catch (error) {
    throw imageFailure(error, cacheDir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

type Fetched = { readonly sha256: string; readonly bytes: number };

/** The disk as a private copy: nobody changes it between the check and its use. */
async function fetchDisk(options: ImportImageOptions, disk: string): Promise<Fetched> {
  const { source, sha256, cacheDir, report, signal, stallMs } = options;
  if (!isAddress(source)) {
    report({ step: 'image', detail: `reading ${source}` });
    const observed = await copyFile(resolve(source), disk, limits.imageBytesMax, signal);
    if (sha256 !== undefined && observed.sha256 !== sha256) throw shaDiffers(source, observed.sha256, sha256);
    return observed;
  }
  if (sha256 === undefined) throw new Error('bug: an address without a digest');
  const path = partPath(cacheDir, sha256);
  report({ step: 'image', detail: `fetching ${source}` });
  await fetchFile({
    url: source,
    sha256,
    path,
    report,
    ...(signal && { signal }),
    ...(stallMs !== undefined && { stallMs }),
  });
  await rename(path, disk);
  return hashFile(disk, signal);
}

async function make(
  { dir, disk, fetched }: { readonly dir: string; readonly disk: string; readonly fetched: Fetched },
  { out }: BuildPlace,
  options: ImportImageOptions,
): Promise<ImageManifestV2 | ImageManifestV3> {
  const { report, signal } = options;
  const rootfs = join(out, imageFileNames.rootfs);
  const isEncrypted = options.encrypted === true;
  if (isEncrypted) {
    await demandLuks(disk, options.source);
    await rename(disk, rootfs);
  } else {
    const header = await headerOf(disk, fetched.bytes);
    report({ step: 'image', detail: `a ${header.format} disk of ${header.virtualBytes} bytes` });
    await toRaw(header, disk, rootfs, signal);
  }
  for (const name of [imageFileNames.kernel, imageFileNames.initrd]) await rename(join(dir, name), join(out, name));
  const common = {
    ...settingsOf(options),
    version: fetched.sha256.slice(0, 12),
    architecture: 'x86_64' as const,
    kernel: await hashFile(join(out, imageFileNames.kernel)),
    initrd: await hashFile(join(out, imageFileNames.initrd)),
    packages: [],
    inputs: { kind: 'import' as const, sha256: fetched.sha256, count: 1 },
  };
  if (options.sealed !== true) return { manifestVersion: 2, ...common, rootfs: await hashFile(rootfs, signal) };
  if (!isEncrypted) await demandExt4(rootfs, options.source);
  report({ step: 'image', detail: 'making its dm-verity tree' });
  return { manifestVersion: 3, ...common, ...(await describeVerity(out, signal)) };
}

/** QEMU is told the format and never guesses it: a raw disk may begin with whatever its guest wrote there.
 *  What comes out is looked at again: where a damaged table leads nowhere, QEMU reads zeros. */
async function toRaw(header: DiskHeader, disk: string, rootfs: string, signal?: AbortSignal): Promise<void> {
  if (header.format === 'raw') return rename(disk, rootfs);
  const options = { timeoutMs: limits.fileSystemTimeoutMs, ...(signal === undefined ? {} : { signal }) };
  const qemuImg = await requireTool('qemu-img');
  await run(qemuImg, ['check', '-q', '-f', 'qcow2', disk], options).catch((error: unknown) => {
    // 3: some clusters belong to nobody, which costs room and nothing else.
    if (!(isHostError(error, 'command-failed') && error.facts.exitCode === 3)) throw notADisk(error);
  });
  await run(qemuImg, ['convert', '-f', 'qcow2', '-O', 'raw', disk, rootfs], options).catch((error: unknown) => {
    throw notADisk(error);
  });
  await headerOf(rootfs, header.virtualBytes);
}

/** The header was in order, and QEMU found that what it leads to is not. A full disk and a stop are what they are. */
function notADisk(error: unknown): unknown {
  if (!isHostError(error, 'command-failed') || error.message.includes('No space left on device')) return error;
  return new ImageError('not-a-disk', `not a disk that can be used: ${error.message}`);
}

async function headerOf(disk: string, bytes: number): Promise<DiskHeader> {
  const file = await open(disk, 'r');
  try {
    const buffer = Buffer.alloc(Math.min(diskHeaderBytes, bytes));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    return readDiskHeader(buffer.subarray(0, bytesRead), bytes);
  } finally {
    await file.close();
  }
}

function settingsOf({ name, cmdline, sshUser, minMemoryBytes, os }: ImportImageOptions) {
  return { name, cmdline, sshUser, minMemoryBytes, os };
}

async function mkdtempIn(cacheDir: string): Promise<string> {
  await mkdir(imagesDir(cacheDir), { recursive: true });
  return mkdtemp(join(imagesDir(cacheDir), '.import-'));
}

/** Where a fetch by its digest waits for its rest. Beside the images, and none of them. */
function partPath(cacheDir: string, sha256: string): string {
  return join(imagesDir(cacheDir), '.fetching', sha256);
}

function isAddress(source: string): boolean {
  return /^https?:\/\//i.test(source);
}
