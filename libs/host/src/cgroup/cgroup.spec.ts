import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { vmLimits } from '../qemu/vm-limits.ts';
import { wholeDisk } from './block-device.ts';
import { openCgroups } from './open-cgroups.ts';
import { cgroupMounts, v2Base } from './places.ts';
import { baseWeight, v1Settings, v2Settings } from './settings.ts';
import { readVmCgroup } from './vm-cgroup.ts';

const mebibyte = 1024 * 1024;
let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hcc-cg-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('where control groups are', () => {
  test('given a hybrid mount table / when it is read / then each controller has its tree', () => {
    const mountinfo = [
      '22 27 0:21 / /proc rw,relatime - proc proc rw',
      '32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
      '35 31 0:32 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory',
      '38 31 0:35 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio',
      '41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
      'nonsense',
    ].join('\n');
    expect(cgroupMounts(mountinfo)).toEqual({
      v2: '/sys/fs/cgroup/unified',
      v1: { cpu: '/sys/fs/cgroup/cpu,cpuacct', memory: '/sys/fs/cgroup/memory', io: '/sys/fs/cgroup/blkio' },
    });
  });

  test.each([
    ['a unit with a delegated subtree', '0::/system.slice/hcc.service/agent\n', '/cg/system.slice/hcc.service'],
    ['root without one', '0::/user.slice/session-1.scope\n', '/cg/hcc'],
    ['no version 2 at all', '4:memory:/x\n', '/cg/hcc'],
  ])('given %s / when the base is chosen / then VMs go below %s', (_who, own, base) => {
    expect(v2Base('/cg', own)).toBe(base);
  });

  test('given a host that offers none / when groups are opened / then both reasons are told', async () => {
    await mkdir(join(dir, 'proc', 'self'), { recursive: true });
    await writeFile(join(dir, 'proc', 'self', 'mountinfo'), `41 31 0:38 / ${dir}/v2 rw - cgroup2 cgroup2 rw\n`);
    await mkdir(join(dir, 'v2'));
    await writeFile(join(dir, 'v2', 'cgroup.controllers'), 'hugetlb\n');
    expect(await openCgroups(join(dir, 'proc'))).toEqual({
      kind: 'refused',
      reason: `version 2: ${dir}/v2 offers only hugetlb; version 1: not mounted`,
    });
  });
});

describe('a VM’s limits', () => {
  const limits = vmLimits({ cpus: 2, memoryBytes: 2_048 * mebibyte, accelerator: 'kvm' });

  test('given a size / when limits follow / then processors, memory with QEMU’s own, threads and the disk’s rate', () => {
    expect(limits).toEqual({
      processors: 2.1,
      cpuWeight: 2,
      memoryBytes: (2_048 + 192 + 16) * mebibyte,
      tasksMax: 130,
      disk: { operationsPerSecond: 8_000, bytesPerSecond: 400 * mebibyte },
    });
    const emulated = vmLimits({ cpus: 2, memoryBytes: 2_048 * mebibyte, accelerator: 'tcg' });
    expect(emulated.memoryBytes - limits.memoryBytes, 'translated code').toBe(256 * mebibyte);
  });

  test('given version 2 / when they are written / then the kernel’s wall for the disk stands at twice the rate', () => {
    const written = v2Settings(limits, '254:0').map(({ file, value }) => `${file} ${value}`);
    expect(written).toEqual([
      'cpu.max 210000 100000',
      'cpu.weight 200',
      `memory.max ${2_256 * mebibyte}`,
      'memory.swap.max 0',
      'memory.oom.group 1',
      'pids.max 130',
      `io.max 254:0 rbps=${800 * mebibyte} wbps=${800 * mebibyte} riops=16000 wiops=16000`,
    ]);
  });

  test('given all VMs of a host / when they are weighed / then they count as four tasks a processor, within the kernel’s bounds', () => {
    expect(baseWeight(1, 2)).toEqual({ file: 'cpu.shares', value: '8192' });
    expect(baseWeight(1, 512)).toEqual({ file: 'cpu.shares', value: '262144' });
    expect(baseWeight(2, 512)).toEqual({ file: 'cpu.weight', value: '400' });
  });

  test('given version 1 and no device / when they are written / then memory comes before memory with swap, no disk', () => {
    expect(v1Settings(limits, undefined).map(({ file, value }) => `${file} ${value}`)).toEqual([
      'cpu.cfs_period_us 100000',
      'cpu.cfs_quota_us 210000',
      'cpu.shares 2048',
      `memory.limit_in_bytes ${2_256 * mebibyte}`,
      `memory.memsw.limit_in_bytes ${2_256 * mebibyte}`,
      'pids.max 130',
    ]);
  });

  test('given a partition / when its disk is looked for / then it is the whole disk; a file system of memory has none', async () => {
    const disk = join(dir, 'sys', 'devices', 'vda');
    await mkdir(join(disk, 'vda1'), { recursive: true });
    await writeFile(join(disk, 'dev'), '254:0\n');
    await writeFile(join(disk, 'vda1', 'partition'), '1\n');
    await mkdir(join(dir, 'sys', 'dev', 'block'), { recursive: true });
    await symlink('../../devices/vda', join(dir, 'sys', 'dev', 'block', '254:0'));
    await symlink('../../devices/vda/vda1', join(dir, 'sys', 'dev', 'block', '254:1'));
    const found = ['254:0', '254:1', '0:25'].map((device) => wholeDisk(device, join(dir, 'sys')));
    expect(await Promise.all(found)).toEqual(['254:0', '254:0', undefined]);
  });

  test('given what a kernel counted, with nonsense in it / when it is read / then figures are figures or absent', async () => {
    const group = join(dir, 'vm');
    await mkdir(group);
    await writeFile(join(group, 'cpu.stat'), 'usage_usec 1234\nnr_periods 9\nnr_throttled -3\nx\n');
    await writeFile(join(group, 'memory.events'), 'oom 2\noom_kill 1\n');
    await writeFile(join(group, 'memory.current'), '99999999999999999999999\n');
    const dirs = new Map([['cpu', group] as const, ['memory', group] as const]);
    expect(await readVmCgroup({ version: 2, dirs })).toEqual({
      cpuTimeUs: 1234,
      periods: 9,
      throttledPeriods: undefined,
      memoryBytes: undefined,
      memoryPeakBytes: undefined,
      memoryLimitBytes: undefined,
      oomKills: 1,
    });
    expect(await readFile(join(group, 'cpu.stat'), 'utf8')).toContain('usage_usec');
  });
});
