import { access, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';
import { HostError } from '../errors.ts';
import { run } from '../exec.ts';
import { requireTool } from '../tools/find-tool.ts';

/** Makes a VM's own disk: a qcow2 of `diskBytes` that holds only what differs from the raw image `base`, which is never
 *  written. The disk is there complete or not at all.
 *  Refuses with `disk-refused` relative paths, a disk that exists already, and one smaller than its base. */
export async function createOverlay(options: {
  readonly base: string;
  readonly path: string;
  readonly diskBytes: number;
  readonly qemuImgPath?: string;
}): Promise<void> {
  const { base, path, diskBytes } = options;
  if (!isAbsolute(base) || !isAbsolute(path)) throw refused(path, `its base is ${base}`, 'absolute paths');
  if (await exists(path)) throw refused(path, 'it exists already', 'a new file: remove it first if its data may go');
  const baseBytes = (await stat(base)).size;
  if (!Number.isInteger(diskBytes) || diskBytes < baseBytes || diskBytes % 512 !== 0) {
    throw refused(path, `${diskBytes} bytes`, `a multiple of 512, at least the base image's ${baseBytes} bytes`);
  }
  const qemuImg = options.qemuImgPath ?? (await requireTool('qemu-img'));
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const unfinished = `${path}.new`;
  try {
    await rm(unfinished, { force: true });
    await run(qemuImg, ['create', '-q', '-f', 'qcow2', '-b', base, '-F', 'raw', unfinished, String(diskBytes)]);
    await rename(unfinished, path);
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** Grows a VM's own disk to `diskBytes`, which loses nothing; one that has them already is left as it is. Nothing may run on it.
 *  Refuses with `disk-refused` a smaller size: a disk never shrinks, since nobody knows what its end holds. */
export async function growDisk(options: {
  readonly path: string;
  readonly diskBytes: number;
  readonly qemuImgPath?: string;
}): Promise<void> {
  const { path, diskBytes } = options;
  const qemuImg = options.qemuImgPath ?? (await requireTool('qemu-img'));
  const { stdout } = await run(qemuImg, ['info', '--output=json', path]);
  const info: unknown = JSON.parse(stdout);
  const has = typeof info === 'object' && info !== null && 'virtual-size' in info ? Number(info['virtual-size']) : NaN;
  if (has === diskBytes) return;
  if (!Number.isInteger(diskBytes) || !(diskBytes > has) || diskBytes % 512 !== 0) {
    throw new HostError('disk-refused', `disk ${path} not grown: it has ${has} bytes, wanted ${diskBytes}`, {
      ...{ path, observed: has, wanted: `a multiple of 512 above ${has}` },
    });
  }
  await run(qemuImg, ['resize', '-q', '-f', 'qcow2', path, String(diskBytes)]);
}

/** Removes a VM's disk. Nothing happens when it is gone already. */
export async function removeDisk(path: string): Promise<void> {
  await rm(path, { force: true });
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function refused(path: string, observed: string, wanted: string): HostError {
  return new HostError('disk-refused', `disk ${path} not made: ${observed}, wanted ${wanted}`, {
    path,
    observed,
    wanted,
  });
}
