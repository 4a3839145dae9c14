import { access, readlink, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readKernelFile } from './kernel-file.ts';

/** `major:minor` of the whole disk that holds a directory, or undefined where there is none to be throttled (tmpfs,
 *  overlay, a pool of several disks). Controllers take disks, not partitions. */
export async function blockDeviceOf(dir: string, sysDir = '/sys'): Promise<string | undefined> {
  const { dev } = await stat(dir);
  return wholeDisk(`${majorOf(dev)}:${minorOf(dev)}`, sysDir);
}

/** The disk that a block device is a part of; itself when it is one. Undefined for what is no block device. */
export async function wholeDisk(device: string, sysDir: string): Promise<string | undefined> {
  const link = join(sysDir, 'dev', 'block', device);
  const target = await readlink(link).catch(() => undefined);
  if (target === undefined) return undefined;
  const isPart = await access(join(link, 'partition')).then(
    () => true,
    () => false,
  );
  if (!isPart) return device;
  const parent = join(sysDir, 'dev', 'block', dirname(target), 'dev');
  const dev = await readKernelFile(parent, basename(target));
  return /^\d+:\d+$/.exec(dev.trim())?.[0];
}

// Linux's own encoding of a device number (makedev(3)).
function majorOf(dev: number): number {
  return Number((BigInt(dev) >> 8n) & 0xfffn) + Number((BigInt(dev) >> 32n) & ~0xfffn);
}

function minorOf(dev: number): number {
  return Number(BigInt(dev) & 0xffn) + Number((BigInt(dev) >> 12n) & 0xfff_ff00n);
}
