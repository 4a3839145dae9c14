import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { createManualClock, createMemoryEventStore } from '#adapters/memory';
import { silentLog } from '#edge';
import { createBareConsumer, type EventStore, type Position, type ReadPage, streamName } from '#events';
import { freshReadModel, minerId, nano, requested, teller, vmId } from '../../../../test/orchestrator/told.ts';
import { keyOf, tablesOf } from './compare.ts';
import { handOverEventsMax } from './limits.ts';
import { openReadModel, type ReadModel } from './read-model.ts';

const freshDir = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'hcc-rows-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};

const vms = 2 * handOverEventsMax;
const deadlineAt = Date.UTC(2026, 0, 2);

/** A log that is several hand-overs long: VMs that go quiet, one that nobody can read, and a miner that never rests. */
const longLog = async (): Promise<EventStore> => {
  const store = createMemoryEventStore();
  const told = teller(store);
  for (let n = 0; n < vms; n += 1) {
    const id = vmId(`v${n}`);
    await told.vm(id, requested(`v${n}`, 'ann'), { type: 'VmStopRequested', reason: 'r', deadlineAt });
    if (n % 100 === 0) await told.rawVm(id, { type: 'VmTeleported', version: 1, data: {} });
    if (n % 4 === 0)
      await told.miner(minerId('m'), { type: 'AllocationReserved', vmId: id, generation: 1, size: nano });
  }
  await told.vm(vmId('v1'), { type: 'VmStopRequested', reason: 'again', deadlineAt });
  return store;
};

const consumerOf = (store: EventStore, { sink }: ReadModel, batchEventsMax: number) =>
  createBareConsumer({
    ...{ name: 'read-model', store, clock: createManualClock(), log: silentLog },
    sink: { ...sink, batchEventsMax },
  });

/** Reads on to the end, so many events between two commits at least. */
const readOn = async (store: EventStore, model: ReadModel, batchEventsMax: number): Promise<void> => {
  const consumer = consumerOf(store, model, batchEventsMax);
  while ((await consumer.runOnce()) > 0);
};

const everyRow = (db: Database) =>
  tablesOf(db).map((table) => db.prepare(`SELECT * FROM ${table} ORDER BY ${keyOf(db, table).join(', ')}`).all());

const inOneGo = 1_000_000;

test('given a long log / when its rows are written by a thread while it is read / then they are those of a page at a time', async () => {
  const store = await longLog();
  const [whole, paged] = [await freshReadModel(store), await freshReadModel(store)];
  await readOn(store, whole, inOneGo);
  await readOn(store, paged, 1);
  // What one of them parked is news to the other.
  await readOn(store, whole, inOneGo);
  expect(everyRow(whole.db)).toEqual(everyRow(paged.db));
  expect(whole.rows.vm(vmId('v1'))?.revision).toBe('2');
});

test('given rows that the thread cannot write / when it is committed / then the fault is told, nothing of the batch is there, and later all is', async () => {
  const store = await longLog();
  const model = await freshReadModel(store);
  model.db.exec(`CREATE TRIGGER no_room BEFORE INSERT ON vms WHEN NEW.name = 'v700'
    BEGIN SELECT RAISE(ABORT, 'no room for v700'); END`);
  const consumer = consumerOf(store, model, inOneGo);
  await expect(consumer.runOnce()).rejects.toThrow('no room for v700');
  expect(consumer.status().position).toBe(null);
  expect(model.db.prepare('SELECT count(*) FROM vms').pluck().get()).toBe(0);
  expect(model.sink.has(streamName('vm', vmId('v1')), 0n)).toBe(false);

  model.db.exec('DROP TRIGGER no_room');
  while ((await consumer.runOnce()) > 0);
  expect(model.db.prepare('SELECT count(*) FROM vms').pluck().get()).toBe(vms);
});

test('given rows at the thread that are not committed / when the file is closed / then it is let go of, and nothing of them is in it', async () => {
  const store = await longLog();
  const dir = freshDir();
  const model = await openReadModel({ dir, store, log: silentLog });
  for (let next: Position | null = null, end = false; !end; ) {
    const page: ReadPage = await store.readAll({ after: next });
    for (const event of page.events) if (event.type !== 'VmTeleported') await model.sink.apply(event);
    [next, end] = [page.next, page.end];
  }
  model.db.pragma('busy_timeout = 0');
  await expect.poll(() => isWritten(model.db), { timeout: 10_000 }).toBe(true);
  expect(model.db.prepare('SELECT count(*) FROM vms').pluck().get()).toBe(0);
  await model.close();
  expect(readdirSync(dir)).toEqual([basename(model.file)]);
  const after = await openReadModel({ dir, store, log: silentLog });
  onTestFinished(() => after.close());
  expect(await after.sink.load()).toBe(null);
});

/** Whether another connection is writing. */
const isWritten = (db: Database): boolean => {
  try {
    db.exec('BEGIN IMMEDIATE; ROLLBACK');
    return false;
  } catch {
    return true;
  }
};
