import { basename, dirname, join } from 'node:path';

/** What a control group can hold to a limit. `cpuacct` only counts, and only exists in version 1. */
export type Controller = 'cpu' | 'memory' | 'io' | 'pids';
export const controllers: readonly Controller[] = ['cpu', 'memory', 'io', 'pids'];

/** Where a host's control groups are, as its mount table says. Version 1 has one tree per controller. */
export type CgroupMounts = {
  readonly v2: string | undefined;
  readonly v1: Readonly<Partial<Record<Controller, string>>>;
};

/** Reads /proc/self/mountinfo (proc(5)). Pure; lines that are something else are passed over. */
export function cgroupMounts(mountinfo: string): CgroupMounts {
  let v2: string | undefined;
  const v1: Partial<Record<Controller, string>> = {};
  for (const line of mountinfo.split('\n')) {
    const [before, after] = line.split(' - ', 2);
    const mountPoint = before?.split(' ')[4]?.replaceAll('\\040', ' ');
    const [type, , options] = after?.split(' ') ?? [];
    if (mountPoint === undefined) continue;
    if (type === 'cgroup2') v2 ??= mountPoint;
    if (type !== 'cgroup') continue;
    for (const option of options?.split(',') ?? []) {
      const controller = controllerOfV1(option);
      if (controller !== undefined) v1[controller] ??= mountPoint;
    }
  }
  return { v2, v1 };
}

/** The group below which VMs get theirs. Either systemd gave the agent's unit a subtree (`Delegate=yes`,
 *  `DelegateSubgroup=agent`: then it is the parent of the agent's own), or it is `hcc` at the top, for root. Pure. */
export function v2Base(mount: string, ownCgroup: string): string {
  const own = /^0::(\/.*)$/m.exec(ownCgroup)?.[1];
  return own !== undefined && basename(own) === 'agent' ? join(mount, dirname(own)) : join(mount, topName);
}

/** The same in a tree of version 1, where nothing is delegated. Pure. */
export function v1Base(mount: string): string {
  return join(mount, topName);
}

const topName = 'hcc';

function controllerOfV1(option: string): Controller | undefined {
  switch (option) {
    case 'cpu':
    case 'memory':
    case 'pids':
      return option;
    case 'blkio':
      return 'io';
    default:
      return undefined;
  }
}
