import { access, mkdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { errnoOf, HostError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { VmLimits } from '../qemu/vm-limits.ts';
import { readIfThere } from './kernel-file.ts';
import type { Cgroups } from './open-cgroups.ts';
import { type Controller, controllers } from './places.ts';
import { type Setting, v1Settings, v2Settings } from './settings.ts';

/** The control group of one VM: one directory in version 2, one per controller in version 1. */
export type VmCgroup = {
  readonly version: 1 | 2;
  readonly dirs: ReadonlyMap<Controller, string>;
};

/** The group a VM has, whether it is there or not. Pure: a restarted agent finds the same one. */
export function vmCgroup({ version, bases }: Cgroups, vmId: string): VmCgroup {
  return { version, dirs: new Map([...bases].map(([controller, base]) => [controller, join(base, `vm-${vmId}`)])) };
}

/** Makes a VM's group anew, with its limits set and nothing in it. Its counters start at zero.
 *  Refuses with `cgroup-refused` when a limit the host offers cannot be set: the VM would run without it. */
export async function makeVmCgroup(group: VmCgroup, vm: VmLimits, device: string | undefined): Promise<void> {
  await removeVmCgroup(group);
  for (const dir of new Set(group.dirs.values())) await attempt(dir, 'made', () => mkdir(dir));
  for (const setting of settingsOf(group, vm, device)) {
    const dir = group.dirs.get(setting.controller);
    if (dir !== undefined) await write(join(dir, setting.file), setting);
  }
}

/** Puts a process with all its threads into the group. What it allocates from now on is charged to the group.
 *  Refuses with `cgroup-refused`, also for a process that is gone. */
export async function joinVmCgroup(group: VmCgroup, pid: number): Promise<void> {
  for (const dir of new Set(group.dirs.values())) {
    await attempt(dir, `given process ${pid}`, () => writeFile(join(dir, 'cgroup.procs'), `${pid}`));
  }
}

/** Removes the group; nothing happens when it is gone. Refuses with `cgroup-refused` while a process is in it. */
export async function removeVmCgroup({ dirs }: VmCgroup): Promise<void> {
  for (const dir of new Set(dirs.values())) await removeDir(dir);
}

/** What a group's kernel counted so far. A figure the kernel does not offer is undefined. */
export type CgroupCounters = {
  readonly cpuTimeUs: number | undefined;
  readonly periods: number | undefined;
  readonly throttledPeriods: number | undefined;
  readonly memoryBytes: number | undefined;
  readonly memoryPeakBytes: number | undefined;
  readonly memoryLimitBytes: number | undefined;
  /** Processes that the kernel ended because the group's memory was used up. */
  readonly oomKills: number | undefined;
};

/** Reads the group's counters. A group that is gone has none. */
export async function readVmCgroup({ version, dirs }: VmCgroup): Promise<CgroupCounters> {
  const names = version === 2 ? v2Names : v1Names;
  const text = async (controller: Controller, file: string): Promise<string | undefined> => {
    const dir = dirs.get(controller);
    return dir === undefined ? undefined : readIfThere(join(dir, file));
  };
  const stat = keyed(await text('cpu', 'cpu.stat'));
  const events = keyed(await text('memory', names.oomFile));
  return {
    cpuTimeUs: stat.get('usage_usec'),
    periods: stat.get('nr_periods'),
    throttledPeriods: stat.get('nr_throttled'),
    memoryBytes: count(await text('memory', names.memoryFile)),
    memoryPeakBytes: count(await text('memory', names.peakFile)),
    memoryLimitBytes: count(await text('memory', names.limitFile)),
    oomKills: events.get('oom_kill'),
  };
}

/** Whether the VM's group is there, with or without a process. */
export async function hasVmCgroup({ dirs }: VmCgroup): Promise<boolean> {
  const [dir] = dirs.values();
  if (dir === undefined) return false;
  return access(dir).then(
    () => true,
    () => false,
  );
}

/** The controllers that hold this VM: those the host offers and, for the disk, a device to hold it on. */
export function heldBy(group: VmCgroup, device: string | undefined): readonly Controller[] {
  return controllers.filter((each) => group.dirs.has(each) && (each !== 'io' || device !== undefined));
}

const v2Names = {
  oomFile: 'memory.events',
  memoryFile: 'memory.current',
  peakFile: 'memory.peak',
  limitFile: 'memory.max',
} as const;
const v1Names = {
  oomFile: 'memory.oom_control',
  memoryFile: 'memory.usage_in_bytes',
  peakFile: 'memory.max_usage_in_bytes',
  limitFile: 'memory.limit_in_bytes',
} as const;

function settingsOf(group: VmCgroup, vm: VmLimits, device: string | undefined): readonly Setting[] {
  return group.version === 2 ? v2Settings(vm, device) : v1Settings(vm, device);
}

async function write(path: string, { value, required }: Setting): Promise<void> {
  try {
    // Never made: a file that is not there is a limit that this kernel does not have.
    await writeFile(path, value, { flag: 'r+' });
  } catch (error) {
    if (!required && errnoOf(error) === 'ENOENT') return;
    throw refused(path, `not set to "${value}"`, error);
  }
}

async function attempt(dir: string, what: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw refused(dir, `not ${what}`, error);
  }
}

async function removeDir(dir: string): Promise<void> {
  const deadline = AbortSignal.timeout(limits.cgroupRemoveMs);
  for (;;) {
    try {
      return await rmdir(dir);
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'ENOENT') return;
      if (code !== 'EBUSY' || deadline.aborted) throw refused(dir, 'not removed', error);
      await pause(limits.pollMs);
    }
  }
}

/** `name number` per line, as most of these files are. What is no such line is passed over. */
function keyed(text: string | undefined): ReadonlyMap<string, number> {
  const pairs = (text ?? '').split('\n').map((line) => line.split(' ', 2));
  return new Map(pairs.flatMap(([name = '', value]) => (count(value) === undefined ? [] : [[name, Number(value)]])));
}

function count(text: string | undefined): number | undefined {
  const value = /^\d{1,19}$/.test(text?.trim() ?? '') ? Number(text) : undefined;
  return value !== undefined && Number.isSafeInteger(value) ? value : undefined;
}

function refused(path: string, observed: string, cause: unknown): HostError {
  const why = errnoOf(cause) ?? String(cause);
  return new HostError(
    'cgroup-refused',
    `control group ${path} ${observed}: ${why}; run the agent as root, or as a unit with Delegate=yes`,
    { path, observed, errno: why },
  );
}
