import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { gibibyte, mebibyte } from '#domain';
import { capacityOf, readHostFacts } from './host-facts.ts';

const facts = {
  hostBootId: 'kernel',
  cpuModel: 'a processor',
  vcpus: 4,
  memoryBytes: 8 * gibibyte + 5,
  diskTotalBytes: 100 * gibibyte,
  diskForVmsBytes: 50 * gibibyte + 7,
};

describe('what a host offers', () => {
  test('given nothing said / when it is asked / then everything but a reserve, in whole units', () => {
    expect(capacityOf(facts, {})).toEqual({
      vcpus: 4,
      memoryBytes: 8 * gibibyte - 512 * mebibyte,
      diskBytes: 48 * gibibyte,
    });
  });

  test('given what is offered / when it is asked / then exactly that', () => {
    const offer = { vcpus: 6, memoryBytes: gibibyte, diskBytes: 10 * gibibyte };
    expect(capacityOf(facts, offer)).toEqual(offer);
  });

  test('given more memory or disk than there is / when it is offered / then it is refused with both figures', () => {
    expect(() => capacityOf(facts, { memoryBytes: 9 * gibibyte })).toThrow(
      `HCC_MINER_MEMORY_BYTES offers ${9 * gibibyte} bytes, but this host has ${facts.memoryBytes}`,
    );
    expect(() => capacityOf(facts, { diskBytes: 101 * gibibyte })).toThrow('HCC_MINER_DISK_BYTES offers');
  });

  test('given a tiny host / when it is asked / then it offers nothing rather than less than nothing', () => {
    const tiny = { ...facts, memoryBytes: mebibyte, diskForVmsBytes: mebibyte };
    expect(capacityOf(tiny, {})).toMatchObject({ memoryBytes: 0, diskBytes: 0 });
  });

  test('given this machine / when its facts are read / then they are there', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'hcc-facts-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    const read = await readHostFacts(dir, { list: async () => [] });
    expect(read.hostBootId).toMatch(/^[0-9a-f-]{36}$/);
    expect(read.vcpus).toBeGreaterThan(0);
    expect(read.diskForVmsBytes).toBeLessThanOrEqual(read.diskTotalBytes);
  });
});
