import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  adoptQemu,
  createOverlay,
  findTool,
  freePort,
  hccDirs,
  joinVmCgroup,
  killQemu,
  openCgroups,
  probeAccelerator,
  readConsole,
  readVmCgroup,
  readVmCounters,
  silent,
  startQemu,
  type VmHardware,
  vmFiles,
  vmLimits,
} from '#host';
import { buildTinyImage, type Image } from '#images';

const missing = (
  await Promise.all((['qemu-system-x86_64', 'qemu-img'] as const).map((name) => findTool(name)))
).flatMap((tool) => (tool.kind === 'missing' ? [tool.wanted] : []));
const found = await openCgroups();
const cgroups = found.kind === 'usable' ? found.cgroups : undefined;
const noQemu = missing.length === 0 ? '' : ` (skipped: no ${missing.join(', no ')})`;
const noGroups = found.kind === 'usable' ? '' : ` (skipped: no control groups: ${found.reason})`;

describe.skipIf(missing.length > 0)(`a real VM and its limits${noQemu}`, () => {
  let dir = '';
  let image: Image;
  const started: VmHardware[] = [];

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'hcc-held-'));
    image = await buildTinyImage({ cacheDir: hccDirs(process.env, process.cwd()).cacheDir, report: silent });
  });

  afterAll(async () => {
    for (const { vmId, files } of started) await killQemu(vmId, files);
    await rm(dir, { recursive: true, force: true });
  });

  const start = async () => {
    const vmId = randomUUID();
    const files = vmFiles({ stateDir: dir, vmId, env: {} });
    await createOverlay({ base: image.rootfsPath, path: files.disk, diskBytes: 512 * 1024 * 1024 });
    const { accelerator } = await probeAccelerator();
    const { kernelPath, initrdPath, manifest } = image;
    const hardware: VmHardware = {
      ...{ vmId, accelerator, cpus: 1, memoryBytes: 256 * 1024 * 1024, diskFormat: 'qcow2', sshPort: await freePort() },
      ...{ files, boot: { kernelPath, initrdPath, cmdline: manifest.cmdline } },
    };
    started.push(hardware);
    return { hardware, vm: await startQemu(hardware, cgroups === undefined ? {} : { cgroups }) };
  };
  const guestSays = (hardware: VmHardware, wanted: string) =>
    expect
      .poll(async () => (await readConsole(hardware.files.serialLog, { bytesMax: 65_536 })).text, { timeout: 60_000 })
      .toContain(wanted);

  test('given a VM that boots / when its counters are read, by this agent and the next / then they only rise', async () => {
    const { hardware, vm } = await start();
    await guestSays(hardware, 'guest-channel: asking');
    const first = await readVmCounters(vm);
    expect(first.usage.cpuTimeMs).toBeGreaterThan(300);
    expect(first.usage.diskReadBytes).toBeGreaterThan(1_000_000);
    expect(first.usage.diskReadOperations).toBeGreaterThan(10);
    expect(first.memoryBytes, 'more than the guest has touched, less than it may').toBeGreaterThan(50_000_000);
    expect(first.memoryBytes).toBeLessThan(vmLimits(hardware).memoryBytes);
    vm.release();
    const adopted = await adoptQemu(hardware.vmId, hardware.files, cgroups);
    if (adopted === undefined) throw new Error('the VM is gone');
    const second = await readVmCounters(adopted);
    for (const [name, value] of Object.entries(first.usage)) {
      expect(Object.entries(second.usage).find(([key]) => key === name)?.[1], name).toBeGreaterThanOrEqual(value);
    }
    expect(adopted.cgroup, 'the next agent finds its group').toEqual(vm.cgroup);
    await killQemu(hardware.vmId, hardware.files);
    expect(await adopted.exited).toEqual({ reason: 'unexplained' });
  });

  test('given a disk rate far below what the guest reads / when it boots / then QEMU holds it to that', async () => {
    const { hardware, vm } = await start();
    const limits = await vm.qmp.execute('qom-get', { path: '/objects/disk0-rate', property: 'limits' });
    const { operationsPerSecond, bytesPerSecond } = vmLimits(hardware).disk;
    expect(limits).toMatchObject({ 'iops-total': operationsPerSecond, 'bps-total': bytesPerSecond });
    // So slow that reading a few megabytes takes the whole test: what gets through is counted, not the time of a boot.
    const slow = { 'iops-total': 20, 'bps-total': 0 };
    await vm.qmp.execute('qom-set', { path: '/objects/disk0-rate', property: 'limits', value: slow });
    const before = await readVmCounters(vm);
    await expect
      .poll(async () => (await readVmCounters(vm)).usage.diskReadOperations, { timeout: 60_000 })
      .toBeGreaterThan(before.usage.diskReadOperations + 60);
    const after = await readVmCounters(vm);
    const seconds = (after.usage.uptimeMs - before.usage.uptimeMs) / 1_000;
    const operations = after.usage.diskReadOperations - before.usage.diskReadOperations;
    expect(operations / seconds, 'at most 20 a second, twice that with bursts and rounding').toBeLessThan(40);
    await killQemu(hardware.vmId, hardware.files);
    await vm.exited;
  });

  test.skipIf(cgroups === undefined)(
    `given a VM in its group${noGroups} / when the group’s memory is used up / then QEMU is ended, and that is the reason`,
    async () => {
      const { hardware, vm } = await start();
      if (vm.cgroup === undefined) throw new Error('no group');
      const procs = join([...vm.cgroup.dirs.values()][0] ?? '', 'cgroup.procs');
      expect((await readFile(procs, 'utf8')).trim()).toBe(`${vm.process.pid}`);
      const { memoryLimitBytes } = await readVmCgroup(vm.cgroup);
      expect(memoryLimitBytes).toBe(vmLimits(hardware).memoryBytes);
      // A stand-in for a QEMU that leaks: it eats in the VM's group, and QEMU is to be chosen.
      const eat =
        'process.stdin.once("data", () => { const a = []; setInterval(() => a.push(Buffer.alloc(8 << 20, 1)), 1); });';
      const eater = spawn(process.execPath, ['-e', eat], { stdio: ['pipe', 'ignore', 'ignore'] });
      const eaterGone = once(eater, 'exit');
      await writeFile(`/proc/${vm.process.pid}/oom_score_adj`, '1000');
      await joinVmCgroup(vm.cgroup, eater.pid ?? 0);
      const exited = vm.exited;
      vm.qmp.closed.then(() => eater.kill('SIGKILL'));
      eater.stdin.write('go\n');
      expect(await exited).toEqual({ reason: 'memory-limit', memoryLimitBytes });
      await eaterGone;
    },
  );
});
