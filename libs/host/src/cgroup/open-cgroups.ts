import { access, mkdir, rmdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { errnoOf } from '../errors.ts';
import { readIfThere } from './kernel-file.ts';
import { type CgroupMounts, type Controller, cgroupMounts, controllers, v1Base, v2Base } from './places.ts';
import { baseWeight } from './settings.ts';

/** The control groups that VMs can be put into on this host: per controller, the directory VMs get theirs below. */
export type Cgroups = {
  readonly version: 1 | 2;
  readonly bases: ReadonlyMap<Controller, string>;
};

/** What the host offers, found out by making a group and looking. `refused` says in one sentence why there is none. */
export type CgroupsFound =
  | { readonly kind: 'usable'; readonly cgroups: Cgroups; readonly missing: readonly Controller[] }
  | { readonly kind: 'refused'; readonly reason: string };

/** Finds the control groups VMs can be put into: version 2 where it holds processors and memory, else version 1. Makes
 *  the group `hcc` at the top, or uses the subtree systemd delegated. Nothing is changed where neither can be written. */
export async function openCgroups(procDir = '/proc'): Promise<CgroupsFound> {
  const mountinfo = (await readIfThere(join(procDir, 'self', 'mountinfo'))) ?? '';
  const own = (await readIfThere(join(procDir, 'self', 'cgroup'))) ?? '';
  const mounts = cgroupMounts(mountinfo);
  const tried = [await openV2(mounts, own), await openV1(mounts)];
  for (const found of tried) {
    if (found.kind === 'usable' && isEnough(found.cgroups)) return found;
  }
  const reasons = tried.map((found) => (found.kind === 'refused' ? found.reason : 'neither cpu nor memory is offered'));
  return { kind: 'refused', reason: `version 2: ${reasons[0]}; version 1: ${reasons[1]}` };
}

function isEnough({ bases }: Cgroups): boolean {
  return bases.has('cpu') && bases.has('memory');
}

async function openV2({ v2 }: CgroupMounts, own: string): Promise<CgroupsFound> {
  if (v2 === undefined) return { kind: 'refused', reason: 'not mounted' };
  const base = v2Base(v2, own);
  const offered = ((await readIfThere(join(v2, 'cgroup.controllers'))) ?? '').trim().split(/\s+/);
  const wanted = controllers.filter((controller) => offered.includes(controller));
  if (wanted.length === 0) return { kind: 'refused', reason: `${v2} offers only ${offered.join(', ') || 'nothing'}` };
  const fault = await firstFault([
    () => mkdir(base, { recursive: true }),
    // A delegated base is already enabled from above, where we may not write.
    () => enable(dirname(base), wanted).catch(() => undefined),
    () => enable(base, wanted),
  ]);
  if (fault !== undefined) return { kind: 'refused', reason: `${base}: ${fault}` };
  await weigh(base, 2);
  const given = ((await readIfThere(join(base, 'cgroup.subtree_control'))) ?? '').trim().split(/\s+/);
  const bases = new Map(wanted.filter((each) => given.includes(each)).map((each) => [each, base]));
  return { kind: 'usable', cgroups: { version: 2, bases }, missing: missingOf(bases) };
}

async function enable(dir: string, wanted: readonly Controller[]): Promise<void> {
  await writeFile(join(dir, 'cgroup.subtree_control'), wanted.map((each) => `+${each}`).join(' '));
}

async function openV1({ v1 }: CgroupMounts): Promise<CgroupsFound> {
  const bases = new Map<Controller, string>();
  let fault = 'not mounted';
  for (const controller of controllers) {
    const mount = v1[controller];
    if (mount === undefined) continue;
    const base = v1Base(mount);
    const refused = await firstFault([() => mkdir(base, { recursive: true }), () => proveWritable(base)]);
    if (refused === undefined && controller === 'cpu') await weigh(base, 1);
    if (refused === undefined) bases.set(controller, base);
    else fault = `${base}: ${refused}`;
  }
  if (bases.size === 0) return { kind: 'refused', reason: fault };
  return { kind: 'usable', cgroups: { version: 1, bases }, missing: missingOf(bases) };
}

/** A delegated base is weighed by whoever delegated it: then this changes nothing. */
async function weigh(base: string, version: 1 | 2): Promise<void> {
  const { file, value } = baseWeight(version, availableParallelism());
  await writeFile(join(base, file), value, { flag: 'r+' }).catch((error: unknown) => {
    if (errnoOf(error) === undefined) throw error;
  });
}

/** A directory that is there may still not be ours: only making a group below it shows that. */
async function proveWritable(base: string): Promise<void> {
  const probe = join(base, `probe-${process.pid}`);
  await mkdir(probe, { recursive: true });
  await access(join(probe, 'cgroup.procs')).finally(() => rmdir(probe));
}

async function firstFault(steps: readonly (() => Promise<unknown>)[]): Promise<string | undefined> {
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      const code = errnoOf(error);
      if (code === undefined) throw error;
      return code;
    }
  }
  return undefined;
}

function missingOf(bases: ReadonlyMap<Controller, string>): readonly Controller[] {
  return controllers.filter((controller) => !bases.has(controller));
}
