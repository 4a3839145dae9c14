import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { createManualClock, createMemoryEventStore } from '#adapters/memory';
import { silentLog } from '#edge';
import { createBareConsumer, type EventStore, type Position, type RecordedEvent } from '#events';
import { keyOf, tablesOf } from '../../apps/orchestrator/src/projections/compare.ts';
import { openReadModel } from '../../apps/orchestrator/src/projections/read-model.ts';
import { textToVm } from '../../apps/orchestrator/src/projections/vm-text.ts';
import { drawPlan, type Plan } from '../simulation/plan.ts';
import { simulate } from '../simulation/simulate.ts';
import { recordAround } from './around.ts';

/** A whole log as it was once recorded, and the rows that the build of that day made of it. */
export type Recorded = {
  readonly name: string;
  readonly log: readonly RecordedEvent[];
  readonly rows: Readonly<Record<string, readonly Row[]>>;
};
export type Row = Readonly<Record<string, unknown>>;

export const recordedDir = (root: string): string => join(root, 'test', 'history', 'recorded');

/** Every history there is. */
export const readRecorded = (dir: string): readonly Recorded[] =>
  readdirSync(dir).map((name) => ({
    name,
    log: readFileSync(join(dir, name, 'log.ndjson'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map(asRecorded),
    rows: JSON.parse(readFileSync(join(dir, name, 'rows.json'), 'utf8')),
  }));

/** What a run is recorded of. `isWhole`: with sealed VMs that move, and what people decide around all that. */
export type Recording = { readonly seed: number; readonly steps: number; readonly isWhole: boolean };

/** The run of a recording: small, so that its log is. */
export const planOf = ({ seed, steps, isWhole }: Recording): Plan => ({
  ...{ ...drawPlan(seed), replicas: 1, miners: 2, accounts: 2, vmsMax: 3, vmsAtFirst: 1, steps },
  ...(isWhole ? { sealedPercent: 100, movingPercent: 80 } : { movingPercent: 0 }),
});

/** Runs the simulator once and keeps its log and its rows under a new name. Refuses a name that is taken. */
export const recordHistory = async (dir: string, name: string, recording: Recording): Promise<number> => {
  const kept: RecordedEvent[] = [];
  const { seed, isWhole } = recording;
  const plan = planOf(recording);
  const run = await simulate(plan, undefined, async (store) => {
    const told: RecordedEvent[] = [];
    for await (const event of everythingIn(store)) told.push(event);
    const at = Date.parse(told.at(-1)?.recordedAt ?? '');
    if (isWhole) await recordAround({ store, clock: createManualClock(at) }, told);
    for await (const event of everythingIn(store)) kept.push(event);
  });
  if (run.violations.length > 0) throw new Error(`seed ${seed} breaks an invariant; such a log is no example`);
  mkdirSync(join(dir, name), { recursive: false });
  // As a store of its own has it: the simulator's names its positions otherwise.
  const log: RecordedEvent[] = [];
  for await (const event of everythingIn(await refilled(kept))) log.push(event);
  const lines = log.map((event) => JSON.stringify({ ...event, revision: event.revision.toString() }));
  writeFileSync(join(dir, name, 'log.ndjson'), `${lines.join('\n')}\n`, { flag: 'wx' });
  const rows = await rowsOf(await refilled(log));
  writeFileSync(join(dir, name, 'rows.json'), `${JSON.stringify(rows, null, 1)}\n`, { flag: 'wx' });
  return kept.length;
};

/** A new store with the same events. The same content makes the same hashes, or something else reads it than wrote it. */
export const refilled = async (log: readonly RecordedEvent[]): Promise<EventStore> => {
  const store = createMemoryEventStore();
  for (const { stream, revision, position: _, prevHash: __, hash: ___, ...event } of log) {
    await store.append(stream, [event], revision === 0n ? 'no-stream' : revision - 1n);
  }
  return store;
};

export async function* everythingIn(store: EventStore): AsyncGenerator<RecordedEvent> {
  let after: Position | null = null;
  for (;;) {
    const page = await store.readAll({ after });
    yield* page.events;
    if (page.end) return;
    after = page.next;
  }
}

/** Every row of every projection that live makes of a log. */
export const rowsOf = async (store: EventStore): Promise<Recorded['rows']> => {
  const dir = mkdtempSync(join(tmpdir(), 'hcc-rec-'));
  const model = await openReadModel({ dir, store, log: silentLog });
  try {
    const { sink } = model;
    const consumer = createBareConsumer({
      name: 'read-model',
      store,
      clock: createManualClock(),
      sink,
      log: silentLog,
    });
    while ((await consumer.runOnce()) > 0);
    return dump(model.db);
  } finally {
    model.close();
    rmSync(dir, { recursive: true, force: true });
  }
};

/** All tables, their rows in one order, and the text inside them as what it says. */
export const dump = (db: Database): Recorded['rows'] =>
  Object.fromEntries(
    tablesOf(db).map((table) => [
      table,
      db
        .prepare<[], Row>(`SELECT * FROM ${table} ORDER BY ${keyOf(db, table).join(', ')}`)
        .all()
        .map(({ row, ...rest }) => (typeof row === 'string' ? { ...rest, row: said(table, row) } : { ...rest })),
    ]),
  );

const said = (table: string, row: string): unknown => (table === 'vms' ? textToVm(row) : JSON.parse(row));

const asRecorded = (line: string): RecordedEvent => {
  const event = JSON.parse(line);
  return { ...event, revision: BigInt(event.revision) };
};
