import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Stop } from '../stop.ts';
import { limits } from './limits.ts';

/** What a VM's disks are called by their serial numbers. A host may give any disk any name: what is on them decides. */
export type DiskName = 'hcc-volume' | 'hcc-base' | 'hcc-tree';

/** Where the opened volume's plain sectors are. */
export const volumeDevice = '/dev/mapper/hcc-volume';

/** The device of a disk, once its driver has found it. Stops with `disk-missing`. */
export const findDisk = async (name: DiskName): Promise<string> => {
  for (let waitedMs = 0; waitedMs <= limits.diskWaitMs; waitedMs += 50) {
    for (const device of devices()) {
      const serial = said(device, 'serial');
      if (serial === name) return join('/dev', device);
    }
    await pause(50);
  }
  throw new Stop('disk-missing', `no disk has the serial ${name} after ${limits.diskWaitMs} ms`);
};

/** How long a device is, as the kernel has it. */
export const deviceBytes = (device: string): number =>
  512 * Number(readFileSync(join(blockDir, basename(device), 'size'), 'utf8'));

/** How long the opened volume is: the tags of its sectors are not among it. Stops with `disk-missing`. */
export const volumeBytes = (): number => {
  for (const device of devices()) {
    if (said(device, 'dm/name') === basename(volumeDevice)) return deviceBytes(device);
  }
  throw new Stop('disk-missing', `no open device is called ${basename(volumeDevice)}`);
};

const blockDir = '/sys/block';

const devices = (): readonly string[] => {
  try {
    return readdirSync(blockDir);
  } catch {
    return [];
  }
};

/** What the kernel says of a device; nothing of one that has no such file, or is gone again. */
const said = (device: string, file: string): string => {
  const path = join(blockDir, device, file);
  try {
    // Most devices have no such file, and to find that out by an error costs ten times as much.
    return existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
  } catch {
    return '';
  }
};
