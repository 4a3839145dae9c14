import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { readProcessCounters } from '../metering/process-counters.ts';
import type { VmLimits } from '../qemu/vm-limits.ts';
import { blockDeviceOf } from './block-device.ts';
import { type Cgroups, openCgroups } from './open-cgroups.ts';
import { joinVmCgroup, makeVmCgroup, readVmCgroup, removeVmCgroup, type VmCgroup, vmCgroup } from './vm-cgroup.ts';

const mebibyte = 1024 * 1024;
const found = await openCgroups();
const reason = found.kind === 'usable' ? '' : ` (skipped: ${found.reason})`;
const cgroups: Cgroups = found.kind === 'usable' ? found.cgroups : { version: 2, bases: new Map() };
const limits: VmLimits = {
  processors: 0.2,
  cpuWeight: 1,
  memoryBytes: 160 * mebibyte,
  tasksMax: 64,
  disk: { operationsPerSecond: 100, bytesPerSecond: 4 * mebibyte },
};
const device = await blockDeviceOf(tmpdir());
const hasDisk = cgroups.bases.has('io') && device !== undefined;
const noDisk = hasDisk ? '' : ' (skipped: no block device of its own, or no io controller)';
const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

describe.skipIf(found.kind === 'refused')(`a process in a VM’s control group${reason}`, () => {
  test('given a tenth of what it wants / when it burns processor time / then the kernel stops it at its share', async () => {
    const group = await newGroup();
    const child = await standIn(group, 'for (;;);');
    const before = await readProcessCounters(child.pid ?? 0);
    await expect.poll(async () => (await readVmCgroup(group)).throttledPeriods, { timeout: 20_000 }).toBeGreaterThan(9);
    const after = await readProcessCounters(child.pid ?? 0);
    if (before === undefined || after === undefined) throw new Error('the stand-in is gone');
    const share = (after.cpuTimeMs - before.cpuTimeMs) / (after.uptimeMs - before.uptimeMs);
    expect(share, 'held to 0.2 processors').toBeLessThan(0.3);
    expect(share, 'and given them').toBeGreaterThan(0.02);
  });

  test('given more memory than it may have / when it takes it / then it is ended, and the group says why', async () => {
    const group = await newGroup();
    const eat = 'const all = []; for (;;) all.push(Buffer.alloc(8 * 1024 * 1024, 1));';
    const child = await standIn(group, eat);
    const [, signal] = await once(child, 'exit');
    expect(signal).toBe('SIGKILL');
    const { oomKills, memoryPeakBytes } = await readVmCgroup(group);
    expect(oomKills).toBeGreaterThan(0);
    if (memoryPeakBytes !== undefined) expect(memoryPeakBytes).toBeLessThanOrEqual(limits.memoryBytes);
  });

  test('given a limit of threads / when it makes processes without end / then it is refused more', async () => {
    const group = await newGroup();
    if (!group.dirs.has('pids')) return;
    const fork = `const { spawn } = require('node:child_process');
      const next = () => { const child = spawn('sleep', ['60']); child.on('error', () => { process.stdout.write('refused'); process.kill(process.pid, 'SIGKILL'); }); child.on('spawn', next); };
      next();`;
    const child = await standIn(group, fork);
    const [said] = await once(child.stdout ?? child, 'data');
    expect(`${said}`).toBe('refused');
  });

  test.skipIf(!hasDisk)(
    `given a rate for its disk${noDisk} / when it writes past it / then it takes the time it must`,
    async () => {
      const dir = await mkdtemp(join(tmpdir(), 'hcc-io-'));
      undo.push(() => rm(dir, { recursive: true, force: true }));
      const group = await newGroup(device);
      // The wall stands at twice the rate: 16 MiB at 8 MiB/s take two seconds; this disk alone takes a tenth of one.
      const write = `const { openSync, writeSync, fdatasyncSync } = require('node:fs');
      const fd = openSync(${JSON.stringify(join(dir, 'f'))}, 'w'); const bytes = Buffer.alloc(1024 * 1024, 1);
      const at = performance.now();
      for (let i = 0; i < 16; i++) { writeSync(fd, bytes); fdatasyncSync(fd); }
      process.stdout.write(String(performance.now() - at));`;
      const child = await standIn(group, write);
      const [said] = await once(child.stdout ?? child, 'data');
      expect(Number(`${said}`)).toBeGreaterThan(1_000);
    },
  );

  test('given a group with a process / when it is removed / then that is refused; after the process it goes', async () => {
    const group = await newGroup();
    const child = await standIn(group, 'setInterval(() => undefined, 1000);');
    await expect(removeVmCgroup(group)).rejects.toMatchObject({ code: 'cgroup-refused' });
    child.kill('SIGKILL');
    await removeVmCgroup(group);
    await removeVmCgroup(group);
    expect(await readVmCgroup(group)).toMatchObject({ oomKills: undefined });
    await expect(joinVmCgroup(group, process.pid)).rejects.toThrow(/run the agent as root, or as a unit with Delegate/);
  });
});

async function newGroup(device?: string): Promise<VmCgroup> {
  const group = vmCgroup(cgroups, `test-${randomUUID()}`);
  await makeVmCgroup(group, limits, device);
  undo.push(() => removeVmCgroup(group));
  return group;
}

/** A process that waits until it is in the group, and then runs the script. */
async function standIn(group: VmCgroup, script: string): Promise<ChildProcess> {
  const args = ['-e', `process.stdin.once('data', () => { ${script} })`];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const gone = once(child, 'exit');
  undo.push(async () => {
    child.kill('SIGKILL');
    await gone;
    for (const dir of group.dirs.values()) await endAll(dir);
  });
  await once(child, 'spawn');
  await joinVmCgroup(group, child.pid ?? 0);
  child.stdin?.write('go\n');
  return child;
}

/** Ends what a stand-in started: those in its own group and no others. */
async function endAll(dir: string): Promise<void> {
  const pids = (await readFile(join(dir, 'cgroup.procs'), 'utf8').catch(() => '')).split('\n').filter(Boolean);
  for (const pid of pids) process.kill(Number(pid), 'SIGKILL');
}
