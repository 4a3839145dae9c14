import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createBareConsumer, type EventStore, findChainFault, readWholeStream, type StreamName } from '#events';
import { openReadModel, type ReadModel } from '../../apps/orchestrator/src/projections/read-model.ts';
import type { Accuse } from './checker.ts';
import type { Replica } from './replica.ts';
import type { World } from './world.ts';

/** What must be true of everything that is derived from the log, once it had time to follow it. */
export const checkSettled = async ({
  ground,
  checker,
  replicas,
  accuse,
  clock,
  dir,
  wasWiped,
}: World): Promise<void> => {
  const { store, bus } = ground;
  await checkChains(store, checker.streams.keys(), accuse);
  await checkPublished(store, bus.published(), accuse);
  // A publish that was on its way when the bus lost everything stands before what is published again.
  if (!wasWiped) checkOrder(bus.published(), accuse);
  for (const replica of replicas) checkCaughtUp(replica, await store.head(), accuse);
  const rebuilt = await rebuild(store, clock, dir);
  try {
    const expected = rowsOf(rebuilt);
    for (const replica of replicas) {
      const live = replica.readModel();
      if (live === null) accuse('runs-again', `${replica.name} does not run`);
      else checkRows(replica.name, rowsOf(live), expected, accuse);
    }
  } finally {
    rebuilt.close();
  }
};

/** Every stream's hash chain holds. */
const checkChains = async (store: EventStore, streams: Iterable<StreamName>, accuse: Accuse): Promise<void> => {
  for (const stream of streams) {
    const fault = findChainFault(await readWholeStream(store, stream));
    if (fault !== null) accuse('hash-chain', `${fault.stream}@${fault.revision}: ${fault.fault}`);
  }
};

/** What is on the bus is the log: every event, and nothing else. */
type Published = ReturnType<World['ground']['bus']['published']>;

const checkPublished = async (store: EventStore, published: Published, accuse: Accuse): Promise<void> => {
  const onBus = new Map(published.map((event) => [event.eventId, event.hash]));
  for (let after: Awaited<ReturnType<EventStore['readAll']>>['next'] = null; ; ) {
    const page = await store.readAll({ after });
    for (const { eventId, hash, stream, revision } of page.events) {
      if (onBus.get(eventId) !== hash) accuse('published-is-the-log', `${stream}@${revision} is not on the bus`);
      onBus.delete(eventId);
    }
    if (page.end) break;
    after = page.next;
  }
  if (onBus.size > 0) accuse('published-is-the-log', `${onBus.size} events on the bus are not in the log`);
};

/** Events of a stream came to the bus in order. */
const checkOrder = (published: Published, accuse: Accuse): void => {
  const last = new Map<StreamName, bigint>();
  for (const { stream, revision } of published) {
    if (revision <= (last.get(stream) ?? -1n)) accuse('published-in-order', `${stream}@${revision} came too late`);
    last.set(stream, revision);
  }
};

const checkCaughtUp = (replica: Replica, head: unknown, accuse: Accuse): void => {
  for (const { name, position, stalled, parkedCount } of replica.statuses()) {
    if (position !== head)
      accuse('everybody-follows', `${name} of ${replica.name} is at ${position} of ${head}: ${stalled}`);
    if (parkedCount > 0) accuse('nothing-stays-parked', `${name} of ${replica.name} has ${parkedCount} events parked`);
  }
};

const rebuild = async (store: EventStore, clock: World['clock'], dir: string): Promise<ReadModel> => {
  const log = () => undefined;
  const model = await openReadModel({ dir: mkdtempSync(join(dir, 'rebuilt-')), store, log });
  // Under the same name: what was skipped is skipped in every rebuild.
  const consumer = createBareConsumer({ name: 'read-model', store, clock, sink: model.sink, log });
  while ((await consumer.runOnce()) > 0);
  return model;
};

const rowsOf = ({ db }: ReadModel): ReadonlyMap<string, readonly string[]> => {
  const tables = db
    .prepare<[], string>("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    .pluck()
    .all();
  return new Map(
    tables.map((table) => [
      table,
      db
        .prepare<[], unknown[]>(`SELECT * FROM ${table}`)
        .raw()
        .all()
        .map((row) => JSON.stringify(row))
        .sort(),
    ]),
  );
};

const checkRows = (
  name: string,
  live: ReadonlyMap<string, readonly string[]>,
  rebuilt: ReadonlyMap<string, readonly string[]>,
  accuse: Accuse,
): void => {
  for (const [table, rows] of rebuilt) {
    const lived = live.get(table) ?? [];
    const other = rows.findIndex((row, index) => row !== lived[index]);
    if (rows.length === lived.length && other === -1) continue;
    const at = Math.max(other, 0);
    accuse(
      'rebuilt-is-live',
      `${table} of ${name}: live ${lived[at]?.slice(0, 600)}, rebuilt ${rows[at]?.slice(0, 600)}`,
    );
  }
};

/** Removes what a run kept on disk. */
export const forget = (dir: string): void => rmSync(dir, { recursive: true, force: true });
