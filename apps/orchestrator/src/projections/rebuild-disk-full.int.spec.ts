import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { createMemoryEventStore } from '#adapters/memory';
import { createRandomIds, createSystemClock } from '#adapters/system';
import { silentLog } from '#edge';
import { createConsumer } from '#events';
import { requested, teller, vmId } from '../../../../test/orchestrator/told.ts';
import { openReadModel } from './read-model.ts';
import { createRebuilds } from './rebuilds.ts';

const run = promisify(execFile);
const mebibyte = 1024 * 1024;

/** A file system of 12 MiB, or `null` where we may not make one. */
const smallDisk = async (): Promise<string | null> => {
  const directory = await mkdtemp(join(tmpdir(), 'hcc-disk-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'hcc-test', directory]);
  } catch {
    await rm(directory, { recursive: true });
    return null;
  }
  onTestFinished(async () => {
    await run('umount', ['--lazy', directory]);
    await rm(directory, { recursive: true, force: true });
  });
  return directory;
};

test('given a disk that fills up under a rebuild / when it fails / then that is named, its file is gone, live goes on, and with room it succeeds', async (context) => {
  const dir = await smallDisk();
  if (dir === null) return context.skip('mounting a small tmpfs takes root');
  const clock = createSystemClock();
  const store = createMemoryEventStore();
  const told = teller(store);
  for (let n = 0; n < 1_500; n += 1) await told.vm(vmId(`v${n}`), requested(`v${n}`, 'ann'));
  const model = await openReadModel({ dir, store, log: silentLog });
  onTestFinished(() => model.close());
  const consumer = createConsumer({ name: 'read-model', store, clock, sink: model.sink, log: silentLog });
  while ((await consumer.runOnce()) > 0);
  model.db.pragma('wal_checkpoint(TRUNCATE)');
  const rebuilds = createRebuilds({
    ...{ model, log: store, clock, ids: createRandomIds(), tell: silentLog },
    skipped: async () => new Map(),
    isBlocked: () => false,
  });
  const ended = () => expect.poll(() => rebuilds.latest()?.endedAt ?? null, { timeout: 20_000 }).not.toBeNull();

  const before = await readdir(dir);
  const filler = join(dir, 'filler');
  const { stdout } = await run('stat', ['-f', '-c', '%a %S', dir]);
  const [blocks = 0, size = 0] = stdout.trim().split(' ').map(Number);
  await writeFile(filler, Buffer.alloc(blocks * size - mebibyte));
  rebuilds.start({ dryRun: false, by: 'operator:o' });
  await ended();
  expect(rebuilds.latest()).toMatchObject({
    ...{ state: 'failed', code: 'disk-full' },
    detail: expect.stringMatching(
      /disk of .* is full .*; the rebuilt file is removed, the read model shown is as it was/,
    ),
  });
  expect((await readdir(dir)).filter((name) => name !== 'filler').sort()).toEqual(before.sort());
  expect(model.rows.vm(vmId('v7'))?.vm.name).toBe('v7');
  await told.vm(vmId('later'), requested('later', 'ann'));
  while ((await consumer.runOnce()) > 0);
  expect(model.rows.vm(vmId('later'))?.vm.name).toBe('later');

  await unlink(filler);
  rebuilds.start({ dryRun: false, by: 'operator:o' });
  await expect.poll(() => rebuilds.latest()?.state, { timeout: 20_000 }).toBe('shown');
  expect(model.rows.vm(vmId('later'))?.vm.name).toBe('later');
});
