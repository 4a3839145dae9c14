import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readIfThere } from '../cgroup/kernel-file.ts';
import type { Check, Finding } from './check.ts';

/** Whether memory of this host, and with it the keys its programs hold, may be written to a disk that somebody can read.
 *  `root` is where its /proc and /sys are. */
export function swapChecks(root = '/'): readonly Check[] {
  return [
    {
      code: 'HCC-H016',
      name: 'swap',
      wanted: 'none, or only on encrypted devices: programs here hold keys in memory',
      look: () => checkSwap(root),
    },
  ];
}

async function checkSwap(root: string): Promise<Finding> {
  const text = await readIfThere(join(root, 'proc/swaps'));
  const places = (text ?? '').split('\n').slice(1).flatMap(placeOf);
  if (places.length === 0) return { status: 'PASS', observed: 'none is on' };
  const open: string[] = [];
  for (const place of places) if (!(await isKept(root, place))) open.push(place);
  if (open.length === 0) return { status: 'PASS', observed: `only encrypted or in memory: ${places.join(', ')}` };
  return {
    status: 'WARN',
    observed: `on and not known to be encrypted: ${open.join(', ')}`,
    fix: 'swapoff -a and take it out of /etc/fstab, or put it on dm-crypt (crypttab: swap with a random key)',
  };
}

/** The kernel writes blanks of a name as octal digits. */
const placeOf = (line: string): readonly string[] => {
  const [name] = line.split(/\s/);
  if (name === undefined || name === '') return [];
  return [name.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))];
};

const isKept = async (root: string, place: string): Promise<boolean> => {
  const device = await realpath(place).catch(() => place);
  const zram = join(root, 'sys/block', basename(device));
  // Compressed in memory; what does not fit may be written to a device behind it.
  if (/^zram\d+$/.test(basename(device))) {
    return ((await readIfThere(join(zram, 'backing_dev'))) ?? 'none').trim() === 'none';
  }
  const found = await stat(device).catch(() => null);
  if (found === null) return false;
  const number = found.isBlockDevice() ? found.rdev : found.dev;
  return isEncrypted(join(root, 'sys/dev/block', `${major(number)}:${minor(number)}`), depthMax);
};

/** A device of dm-crypt, or one whose every part is on such a device. */
const isEncrypted = async (device: string, depth: number): Promise<boolean> => {
  if (((await readIfThere(join(device, 'dm/uuid'))) ?? '').startsWith('CRYPT-')) return true;
  if (depth === 0) return false;
  const parts = await readdir(join(device, 'slaves')).catch(() => []);
  for (const part of parts) if (!(await isEncrypted(join(device, 'slaves', part), depth - 1))) return false;
  return parts.length > 0;
};

/** Volumes on volumes on arrays: more layers than anybody stacks. */
const depthMax = 8;

// As glibc takes a device number apart (makedev(3)).
const major = (number: number): number => ((number >>> 8) & 0xfff) | (Math.floor(number / 2 ** 32) & ~0xfff);
const minor = (number: number): number => (number & 0xff) | ((number >>> 12) & 0xfff00);
