import { readdir, readFile } from 'node:fs/promises';
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
    for (const device of await readdir(blockDir).catch(() => [])) {
      const serial = await readFile(join(blockDir, device, 'serial'), 'utf8').catch(() => '');
      if (serial.trim() === name) return join('/dev', device);
    }
    await pause(50);
  }
  throw new Stop('disk-missing', `no disk has the serial ${name} after ${limits.diskWaitMs} ms`);
};

/** How long a device is, as the kernel has it. */
export const deviceBytes = async (device: string): Promise<number> =>
  512 * Number(await readFile(join(blockDir, basename(device), 'size'), 'utf8'));

/** How long the opened volume is: the tags of its sectors are not among it. Stops with `disk-missing`. */
export const volumeBytes = async (): Promise<number> => {
  for (const device of await readdir(blockDir)) {
    const name = await readFile(join(blockDir, device, 'dm/name'), 'utf8').catch(() => '');
    if (name.trim() === basename(volumeDevice)) return deviceBytes(device);
  }
  throw new Stop('disk-missing', `no open device is called ${basename(volumeDevice)}`);
};

const blockDir = '/sys/block';
