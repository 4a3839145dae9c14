import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseProcessCounters, readProcessCounters } from './process-counters.ts';
import { diskUsage } from './vm-counters.ts';

const fields = (user: string, resident = '1000') =>
  `42 (qemu (x) y) S 1 42 42 0 -1 4194560 900 0 0 0 ${user} 50 0 0 20 0 4 0 12000 99999 ${resident} 18446744073709551615`;

describe('a process’s counters', () => {
  test('given the kernel’s line, with brackets in the name / when it is read / then times in ms and memory in bytes', () => {
    expect(parseProcessCounters(fields('100'), '300.25 500.00\n')).toEqual({
      cpuTimeMs: 1_500,
      uptimeMs: 180_250,
      memoryBytes: 4_096_000,
    });
  });

  test('given anything else / when it is read / then there are no counters, and no nonsense', () => {
    expect(parseProcessCounters(fields('-5'), '1.0 1.0')).toBeUndefined();
    expect(parseProcessCounters('', '1.0 1.0')).toBeUndefined();
    fc.assert(
      fc.property(fc.string(), fc.string(), (stat, uptime) => {
        const read = parseProcessCounters(stat, uptime);
        return read === undefined || Object.values(read).every((value) => Number.isFinite(value) && value >= 0);
      }),
    );
  });

  test('given this very process / when it is read twice / then its time rose and its memory is there', async () => {
    const before = await readProcessCounters(process.pid);
    await expect
      .poll(async () => ((await readProcessCounters(process.pid))?.uptimeMs ?? 0) > (before?.uptimeMs ?? 0))
      .toBe(true);
    expect(before?.memoryBytes).toBeGreaterThan(10 * 1024 * 1024);
    expect(await readProcessCounters(0)).toBeUndefined();
  });
});

describe('a disk’s counters', () => {
  const qdev = '/machine/peripheral/disk0-device/virtio-backend';
  const disk = { qdev, stats: { rd_bytes: 1, rd_operations: 2, wr_bytes: 3, wr_operations: 4, more: [] } };

  test('given a disk, an image beside it and a node without a device / when QEMU’s answer is read / then the disk counts', () => {
    const base = { ...disk, qdev: '/machine/peripheral/base0-device/virtio-backend' };
    expect(diskUsage([base, disk, { stats: disk.stats }])).toEqual({
      diskReadBytes: 1,
      diskReadOperations: 2,
      diskWrittenBytes: 3,
      diskWriteOperations: 4,
    });
  });

  test.each([[null], [{}], [[{ stats: { ...disk.stats, rd_bytes: -1 } }]], [Array(17).fill(disk)]])(
    'given %j / when it is read as an answer / then it is refused',
    (answer) => expect(() => diskUsage(answer)).toThrow(/query-blockstats is not what it must be/),
  );
});
