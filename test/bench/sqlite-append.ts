import { openSqliteStore } from '#adapters/sqlite';
import { createRandomIds, createSystemClock } from '#adapters/system';
import { type Actor, type EventId, type NewEvent, streamName } from '#events';
import { type Case, perSecond } from './pairs.ts';
import { freshPlace, inFlight } from './place.ts';
import { openRaw } from './raw-sqlite.ts';

const appends = 20_000;
const flying = 256;
const ids = createRandomIds();
const recordedAt = '2026-11-21T08:00:00.000Z';
/** About 400 bytes of JSON. */
const data = { text: 'x'.repeat(340), n: 12, flag: true, list: [1, 2, 3] };

/** Durable appends, 256 at a time, each to a stream of its own lane: our adapter against the bare driver. */
export const sqliteAppend: Case = {
  ...{ name: 'sqlite-append-256-in-flight', unit: 'appends/s', bar: 0.7, better: 'more', pairs: 11 },
  open: async () => ({ ours, raw, close: async () => undefined }),
};

const ours = async (): Promise<number> => {
  const place = freshPlace();
  const { store, close } = await openSqliteStore({ file: place.path('ours.sqlite'), clock: createSystemClock(), ids });
  const next = new Map<number, bigint>();
  const rate = await perSecond(appends, () =>
    inFlight(appends, flying, async (_, lane) => {
      const revision = next.get(lane) ?? 0n;
      next.set(lane, revision + 1n);
      await store.append(streamName('vm', `lane-${lane}`), [newEvent()], revision === 0n ? 'no-stream' : revision - 1n);
    }),
  );
  await close();
  place.remove();
  return rate;
};

const raw = async (): Promise<number> => {
  const place = freshPlace();
  const store = openRaw(place.path('raw.sqlite'));
  const next = new Map<number, number>();
  const rate = await perSecond(appends, () =>
    inFlight(appends, flying, async (_, lane) => {
      const revision = next.get(lane) ?? 0;
      next.set(lane, revision + 1);
      const { eventId, type, actor } = newEvent();
      const row = { stream: `vm-lane-${lane}`, eventId, type, data: JSON.stringify(data), recordedAt, actor };
      await store.append(row, revision - 1);
    }),
  );
  store.close();
  place.remove();
  return rate;
};

const newEvent = (): NewEvent => {
  const id = ids.uuid();
  return {
    ...{ type: 'VmStopped', version: 1, data, recordedAt, traceparent: null },
    eventId: id as EventId,
    actor: 'operator:bench' as Actor,
    correlationId: id,
    causationId: id,
  };
};
