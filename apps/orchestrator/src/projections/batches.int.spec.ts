import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Database } from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { createMemoryEventStore } from '#adapters/memory';
import { type EventStore, isoTime, type Position, type RecordedEvent } from '#events';
import { minerId, nano, requested, teller, vmId } from '../../../../test/orchestrator/told.ts';
import { keyOf, tablesOf } from './compare.ts';
import { handOverEventsMax } from './limits.ts';
import { createModelFile, projections } from './model-file.ts';
import { createRowsSink, type RowsSink } from './rows-sink.ts';

const vms = 3 * handOverEventsMax;
const deadlineAt = Date.UTC(2026, 0, 2);
const [batch, commitEvents] = [1_000_000, handOverEventsMax];

/** VMs that go quiet, some that come back much later, and a miner that never rests. */
const longLog = async (): Promise<EventStore> => {
  const store = createMemoryEventStore();
  const told = teller(store);
  for (let n = 0; n < vms; n += 1) {
    const id = vmId(`v${n}`);
    await told.vm(id, requested(`v${n}`, 'ann'));
    if (n % 4 === 0)
      await told.miner(minerId('m'), { type: 'AllocationReserved', vmId: id, generation: 1, size: nano });
    const back = vmId(`v${n - 700}`);
    if (n >= 700) await told.vm(back, { type: 'VmStopRequested', reason: 'r', deadlineAt });
  }
  return store;
};

/** A file of rows that commits so often unasked. */
const openRows = (): { readonly db: Database; readonly sink: RowsSink } => {
  const dir = mkdtempSync(join(tmpdir(), 'hcc-batches-'));
  const { db } = createModelFile(join(dir, 'rows.sqlite'), store);
  const sink = createRowsSink(db, projections, store, { batch, commit: commitEvents });
  onTestFinished(async () => {
    db.close();
    await sink.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return { db, sink };
};

/** By a clock that jumps: what was counted of a minute is asked for again and again. */
const everyEvent = async (store: EventStore): Promise<readonly RecordedEvent[]> => {
  const events: RecordedEvent[] = [];
  for (let next: Position | null = null, end = false; !end; ) {
    const page = await store.readAll({ after: next });
    for (const event of page.events) {
      events.push({ ...event, recordedAt: isoTime(Date.UTC(2026, 0, 1) + (events.length % 3) * 60_000) });
    }
    ({ next, end } = page);
  }
  return events;
};

/** Folds them as a consumer does, with a turn for others now and then. */
const fold = async ({ sink }: { readonly sink: RowsSink }, events: readonly RecordedEvent[]): Promise<void> => {
  for (const [at, event] of events.entries()) {
    sink.apply(event);
    if (at % 100 === 0) await setImmediate();
  }
};

const store = await longLog();
const events = await everyEvent(store);

const positionIn = (db: Database): Position | null =>
  db.prepare<[], Position | null>('SELECT position FROM checkpoint').pluck().get() ?? null;

/** Without how far the furthest row is, which a file that was ahead says otherwise. */
const everyRow = (db: Database) =>
  tablesOf(db).map((table) => db.prepare(`SELECT * FROM ${table} ORDER BY ${keyOf(db, table).join(', ')}`).all());

const committed = async (events: readonly RecordedEvent[]): Promise<Database> => {
  const rows = openRows();
  for (const event of events) rows.sink.apply(event);
  const last = events.at(-1);
  if (last !== undefined) await rows.sink.commit(last.position);
  return rows.db;
};

const upTo = (position: Position | null): readonly RecordedEvent[] =>
  events.slice(0, events.findIndex((event) => event.position === position) + 1);

test('given a long batch / when it is committed unasked between / then its rows are those of one commit, and of all there is in the end', async () => {
  const rows = openRows();
  await fold(rows, events);
  await expect.poll(() => positionIn(rows.db)).not.toBe(null);
  const between = upTo(positionIn(rows.db));
  expect(between.length).toBeLessThan(events.length);
  expect(between.length).toBeGreaterThan(commitEvents);

  await rows.sink.commit(events.at(-1)?.position as Position);
  expect(everyRow(rows.db)).toEqual(everyRow(await committed(events)));
});

test('given a process that ends in a long batch / when another begins where the rows say they are / then nothing is missing, and nothing counted twice', async () => {
  const rows = openRows();
  await fold(rows, events.slice(0, 2 * commitEvents + 500));
  await expect.poll(() => positionIn(rows.db)).not.toBe(null);
  await rows.sink.close();

  const after = createRowsSink(rows.db, projections, store, { batch, commit: commitEvents });
  const position = await after.load();
  const before = upTo(position);
  expect(everyRow(rows.db)).toEqual(everyRow(await committed(before)));
  await fold({ sink: after }, events.slice(before.length - 10));
  await after.commit(events.at(-1)?.position as Position);
  expect(everyRow(rows.db)).toEqual(everyRow(await committed(events)));
  await after.close();
});

test('given a commit that nobody waits for / when it fails / then the next one says why, what came before it is there, and nothing that came after', async () => {
  const rows = openRows();
  rows.db.exec(`CREATE TRIGGER no_room BEFORE INSERT ON vms WHEN NEW.name = 'v1500'
    BEGIN SELECT RAISE(ABORT, 'no room for v1500'); END`);
  await fold(rows, events);
  await expect(rows.sink.commit(events.at(-1)?.position as Position)).rejects.toThrow('no room for v1500');
  const before = upTo(positionIn(rows.db));
  expect(before.length).toBeGreaterThan(0);
  expect(before.some(({ data }) => data.name === 'v1500')).toBe(false);
  rows.db.exec('DROP TRIGGER no_room');
  expect(everyRow(rows.db)).toEqual(everyRow(await committed(before)));

  await fold(rows, events);
  await rows.sink.commit(events.at(-1)?.position as Position);
  expect(everyRow(rows.db)).toEqual(everyRow(await committed(events)));
});

const troubles: readonly (readonly [string, (sink: RowsSink, event: RecordedEvent) => void])[] = [
  ['was held back', (sink, event) => sink.holdBack(event)],
  ['somebody decided to skip', (sink, event) => sink.skip(event)],
  ['nobody can read', (sink, event) => expect(() => sink.apply({ ...event, version: 1_000 })).toThrow(/version/)],
];

test.each(troubles)(
  'given an event that %s / when more are folded / then nothing is committed before the consumer asks for it, sooner next time',
  async (_, trouble) => {
    const [first, ...others] = events;
    const rest = others.filter(({ stream }) => stream !== first?.stream);
    const rows = openRows();
    trouble(rows.sink, first as RecordedEvent);
    await fold(rows, rest);
    await rows.sink.close();
    expect(positionIn(rows.db)).toBe(null);

    const again = openRows();
    expect(again.sink.batchEventsMax).toBe(batch);
    trouble(again.sink, first as RecordedEvent);
    await again.sink.commit(rest.at(-1)?.position as Position);
    expect(again.sink.batchEventsMax).toBe(commitEvents);
  },
);
