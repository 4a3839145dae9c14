import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { createManualClock } from '#adapters/memory';
import { openSqliteStore } from '#adapters/sqlite';
import { createRandomIds, createSystemClock } from '#adapters/system';
import { ConcurrencyConflict, findChainFault, streamName } from '#events';
import { nextLine, startChild } from '../../../../test/conformance/child-process.ts';
import { freshStream, newEvent, newEvents, readEverything, take } from '../../../../test/conformance/new-events.ts';
import { freshFile, openFile } from '../../../../test/conformance/sqlite-files.ts';

test('given two processes / when both append to one stream / then each revision has one winner and nothing is lost', async () => {
  const file = await freshFile();
  const { store } = await openFile(file);
  const abort = new AbortController();
  const stream = streamName('vm', 'raced');
  const seen = take(store.subscribe({ after: null, signal: abort.signal }), 400);
  const child = startChild('race', file, '200');
  expect(await nextLine(child)).toBe('ready');
  for (let appended = 0; appended < 200; ) {
    const next = BigInt((await store.readStream(stream)).length);
    const append = store.append(stream, [newEvent({ actor: 'system:parent' })], next === 0n ? 'no-stream' : next - 1n);
    appended += await append.then(
      () => 1,
      (error: unknown) => {
        if (!(error instanceof ConcurrencyConflict)) throw error;
        return 0;
      },
    );
  }
  expect(await nextLine(child)).toMatch(/^lost \d+$/);
  expect(await child.ended).toMatchObject({ code: 0 });
  const events = await store.readStream(stream);
  expect(findChainFault(events)).toBeNull();
  const byActor = Map.groupBy(events, ({ actor }) => actor);
  expect([byActor.get('system:parent')?.length, byActor.get('system:child')?.length]).toEqual([200, 200]);
  expect(await seen).toEqual(events);
});

test('given a file that is not there / when four processes open it at once / then it is made once and all append', async () => {
  const file = await freshFile();
  const children = Array.from({ length: 4 }, () => startChild('append-one', file));
  for (const child of children) expect(await child.ended).toEqual({ code: 0, stderr: '' });
  const { store, verifyLog } = await openFile(file);
  expect(await readEverything(store)).toHaveLength(4);
  expect(await verifyLog()).toMatchObject({ fault: null, integrity: 'ok' });
});

test('given a file that is made, but for its journal, and a write to it / when it is opened / then that waits for the write', async () => {
  const file = await freshFile();
  await (await openSqliteStore({ file, clock: createManualClock(), ids: createRandomIds() })).close();
  const other = new Database(file);
  onTestFinished(() => void other.close());
  other.pragma('journal_mode = DELETE');
  other.exec('BEGIN IMMEDIATE');
  const opening = openFile(file);
  const first = await Promise.race([opening.then(() => 'opened', String), createSystemClock().sleep(500)]);
  expect(first).toBeUndefined();
  other.exec('COMMIT');
  expect(await readEverything((await opening).store)).toEqual([]);
});

test('given a lease held by another process / when we want it / then we wait until it is released, and outdate its token', async () => {
  const file = await freshFile();
  const { leases } = await openFile(file);
  const child = startChild('hold-lease', file);
  expect(await nextLine(child)).toBe('token 1');
  expect(await leases.acquire('relay', 'parent', 1_000)).toBeNull();
  child.process.stdin.write('release\n');
  expect(await nextLine(child)).toBe('released');
  expect(await leases.acquire('relay', 'parent', 1_000)).toBe(2n);
});

/** Two stores on one file, as two processes would have them; their clock stands still. */
const openTwice = async (nudged: boolean) => {
  const file = await freshFile();
  const clock = createManualClock();
  const listeners = new Set<() => void>();
  const nudge = {
    nudge: () => {
      for (const wake of listeners) wake();
    },
    onNudge: (wake: () => void) => {
      listeners.add(wake);
      return () => listeners.delete(wake);
    },
  };
  const options = { file, clock, ids: createRandomIds(), ...(nudged ? { nudge } : {}) };
  const [writer, reader] = [await openSqliteStore(options), await openSqliteStore(options)];
  return { clock, writer, reader, close: () => Promise.all([writer.close(), reader.close()]) };
};

test('given a tail on a file another writes to / when the poll comes / then it has the events', async () => {
  const { clock, writer, reader, close } = await openTwice(false);
  const { signal } = new AbortController();
  const seen = take(reader.store.subscribe({ after: null, signal }), 3);
  await clock.advance(1_000);
  await writer.store.append(freshStream(), newEvents(3), 'no-stream');
  await clock.advance(200);
  expect(await seen).toHaveLength(3);
  await close();
});

test('given a nudge between two writers / when one appends / then the tail of the other has it without a poll', async () => {
  const { writer, reader, close } = await openTwice(true);
  const { signal } = new AbortController();
  const tail = reader.store.subscribe({ after: null, signal })[Symbol.asyncIterator]();
  for (const n of [0, 1, 2]) {
    const next = tail.next();
    await writer.store.append(freshStream(), [newEvent({ data: { n } })], 'no-stream');
    expect((await next).value.data).toEqual({ n });
  }
  await close();
});
