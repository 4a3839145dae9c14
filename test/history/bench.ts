import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import Database from 'better-sqlite3';
import { openSqliteStore } from '#adapters/sqlite';
import { createRandomIds, createSystemClock } from '#adapters/system';
import { silentLog } from '#edge';
import { appendEventsMax, type EventStore, eventIdOf, isoTime, streamName } from '#events';
import { createFill } from '../../apps/orchestrator/src/projections/fill.ts';
import { openReadModel } from '../../apps/orchestrator/src/projections/read-model.ts';
import { rowAt } from '../../apps/orchestrator/src/projections/row-at.ts';
import { vms } from '../../apps/orchestrator/src/projections/vms.projection.ts';
import { goldenDir, readGoldens } from './golden.ts';

// How long a read of the past and a rebuild take, by length of history: whether anything needs a snapshot.

const pairs = 11;

const vmEvents = readGoldens(goldenDir(process.cwd()))
  .filter(({ category, readAs }) => category === 'vm' && readAs === undefined)
  .flatMap(({ type, version, samples }) => samples.map((data) => ({ type, version, data })));
const requested = vmEvents.find(({ type }) => type === 'VmRequested');
const others = vmEvents.filter(({ type }) => type !== 'VmRequested');

const fillStream = async (store: EventStore, id: string, length: number): Promise<void> => {
  const stream = streamName('vm', id);
  for (let from = 0; from < length; from += appendEventsMax) {
    const events = Array.from({ length: Math.min(appendEventsMax, length - from) }, (_, index) => {
      const n = from + index;
      const event = n === 0 ? requested : others[n % others.length];
      if (event === undefined) throw new Error('BUG: the goldens hold events of a VM');
      return {
        ...{ ...event, eventId: eventIdOf(`${id}-${n}`, 0), recordedAt: isoTime(Date.UTC(2026, 0, 1) + n) },
        ...{ actor: 'system:bench' as const, correlationId: 'bench', causationId: 'bench', traceparent: null },
      };
    });
    await store.append(stream, events, from === 0 ? 'no-stream' : BigInt(from - 1));
  }
};

const medianMs = async (work: () => Promise<unknown>): Promise<number> => {
  const times: number[] = [];
  for (let run = 0; run < pairs; run += 1) {
    const from = performance.now();
    await work();
    times.push(performance.now() - from);
  }
  return times.sort((a, b) => a - b)[Math.floor(pairs / 2)] ?? Number.NaN;
};

const say = (name: string, value: number, unit: string): void => {
  process.stdout.write(`${name.padEnd(52)} ${value.toFixed(2).padStart(12)} ${unit}\n`);
};

const main = async (dir: string): Promise<void> => {
  const file = join(dir, 'events.db');
  const { store, close } = await openSqliteStore({ file, clock: createSystemClock(), ids: createRandomIds() });
  for (const length of [10, 100, 1_000, 10_000]) await fillStream(store, `l${length}`, length);
  for (let n = 0; n < 2_000; n += 1) await fillStream(store, `v${n}`, 40);
  const head = await store.head();
  if (head === null) throw new Error('BUG: nothing was recorded');
  for (const length of [10, 100, 1_000, 10_000]) {
    const ms = await medianMs(() => rowAt(store, vms, `l${length}`, head, new Set()));
    say(`a VM as of a moment, ${length} events`, ms, 'ms');
  }
  say('position of a time', await medianMs(() => store.positionAt(Date.UTC(2026, 0, 1) + 500)), 'ms');

  const model = await openReadModel({ dir, store, log: silentLog });
  const raw = new Database(file, { readonly: true });
  const page = raw.prepare<[number], { readonly position: number; readonly data: string }>(
    'SELECT position, data FROM events WHERE position > ? ORDER BY position LIMIT 1000',
  );
  const events = Number(raw.prepare('SELECT count(*) FROM events').pluck().get());
  const rawMs = await medianMs(async () => {
    for (let last = 0; ; ) {
      const rows = page.all(last);
      if (rows.length === 0) return;
      for (const { data } of rows) JSON.parse(data);
      last = rows.at(-1)?.position ?? last;
    }
  });
  const rebuildMs = await medianMs(async () => {
    const green = model.beside();
    await createFill(store, green, async () => new Map()).on(new AbortController().signal);
    green.close();
  });
  say(`rebuild of ${events} events`, (events / rebuildMs) * 1_000, 'events/s');
  say('bare read and JSON.parse of the same', (events / rawMs) * 1_000, 'events/s');
  say('ratio', rawMs / rebuildMs, '');
  raw.close();
  model.close();
  await close();
};

const dir = mkdtempSync(join(tmpdir(), 'hcc-bench-'));
try {
  await main(dir);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
