import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createMemoryEventStore } from '#adapters/memory';
import { type EventStore, type FoldSnapshot, type Position, streamName } from '#events';
import { record } from '../../../../test/events/parking-world.ts';
import { openFoldFiles } from './fold-files.ts';
import { programDigest } from './program-digest.ts';

const given = () => {
  const root = mkdtempSync(join(tmpdir(), 'hcc-folds-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const told: string[] = [];
  const dir = join(root, 'folds');
  const open = (store: EventStore, build = 'a') =>
    openFoldFiles({ dir, store, build, log: (_level, message) => void told.push(message) });
  return { root, dir, told, open, store: createMemoryEventStore() };
};

const snapshot: FoldSnapshot<unknown> = {
  place: { stream: streamName('vm', 'x'), revision: 7n, hash: 'ab', position: 'memory-1' as Position },
  without: '',
  state: { vms: new Map([['x', { told: null, by: new Set(['m']), at: 7n, gone: undefined }]]) },
};

/** A copy at a place that is one of this store. */
const placedIn = async (store: EventStore): Promise<FoldSnapshot<unknown>> => {
  await record(store, snapshot.place.stream, 'VmRequested');
  return { ...snapshot, place: { ...snapshot.place, position: (await store.head()) ?? expect.fail('no event') } };
};

describe('a copy of a fold in a file', () => {
  test('given one was saved, then it comes back as it was, also to a process that opens the folder later', async () => {
    const { open, store, told } = given();
    const copy = await placedIn(store);
    await open(store).save('vm-placement', copy);
    expect(await open(store).load('vm-placement')).toEqual(copy);
    expect(await open(store).load('another')).toBeNull();
    expect(told).toEqual([]);
  });

  test('given another build or another store, then it is not given out', async () => {
    const { open, store, told } = given();
    await open(store).save('vm-placement', await placedIn(store));
    expect(await open(store, 'b').load('vm-placement')).toBeNull();
    expect(await open({ ...store, storeId: 'another' }).load('vm-placement')).toBeNull();
    expect(told).toEqual([]);
  });

  test('given a file that is cut off, changed anywhere, empty or no copy at all, then it is gone past, and that is said', async () => {
    const { open, store, dir, told } = given();
    const path = join(dir, 'vm-placement.fold');
    const files = open(store);
    await files.save('vm-placement', await placedIn(store));
    const whole = readFileSync(path);
    const spoilt = [
      () => truncateSync(path, whole.length - 1),
      () => truncateSync(path, 0),
      () => writeFileSync(path, Buffer.concat([whole, Buffer.from([0])])),
      () =>
        writeFileSync(
          path,
          whole.map((byte, at) => (at === whole.length - 2 ? byte ^ 1 : byte)),
        ),
      () => writeFileSync(path, 'x'.repeat(10_000)),
    ];
    for (const spoil of spoilt) {
      spoil();
      expect(await files.load('vm-placement')).toBeNull();
    }
    expect(told).toHaveLength(spoilt.length);
  });

  test('given a folder that cannot be made, then saving says so and throws nothing', async () => {
    const { open, root, store, told } = given();
    writeFileSync(join(root, 'folds'), 'in the way');
    await open(store).save('vm-placement', await placedIn(store));
    expect(told).toEqual(['no copy of a fold is kept, a start will read more of the log']);
  });
});

test('given the same program, then its digest is the same, and one changed script makes it another', async () => {
  const { root } = given();
  const script = join(root, 'apps', 'x.js');
  for (const part of ['apps', 'libs']) mkdirSync(join(root, part));
  writeFileSync(script, 'a');
  const first = await programDigest(root);
  expect(await programDigest(root)).toBe(first);
  writeFileSync(script, 'b');
  expect(await programDigest(root)).not.toBe(first);
  expect(await programDigest()).toMatch(/^[0-9a-f]{64}$/);
});
