import { Refusal, type UnixMs } from '#domain';
import { DoorProblem } from '#edge';
import {
  type Clock,
  type EventStore,
  ForeignPosition,
  isoTime,
  type Position,
  skippedEvents,
  UnknownEvent,
} from '#events';
import { images } from '../projections/images.projection.ts';
import { miners } from '../projections/miners.projection.ts';
import type { Projection } from '../projections/projection.ts';
import { type RowAt, rowAt, type Watcher } from '../projections/row-at.ts';
import type { VmRow } from '../projections/vms.projection.ts';
import type { StaleView } from './views/stale.view.ts';
import type { Beside } from './views/vm.view.ts';

/** A moment of the log: as it was asked for, and where the log stood then. */
export type Moment = { readonly at: string; readonly position: Position };

/** What was, read from the log itself and not from the read model. */
export type Past = {
  /**
   * The moment a time or a position names. Refuses `at-unreadable`, `at-before-beginning` and `at-in-the-future`, and
   * `foreign-position` for a token of another store.
   */
  at(text: string): Promise<Moment>;
  /** The position a time or a position names; `null` before the log began. Otherwise refuses what {@link Past.at} does. */
  positionAt(text: string): Promise<Position | null>;
  now(): Promise<Moment>;
  /** A row as it was; `null` when there was none. As far as this build can read it; throws UnknownEvent where that is no row. */
  row<Row>(projection: Projection<Row>, id: string, at: Moment, watch?: Watcher<Row>): Promise<RowAt<Row> | null>;
  /** The same for many rows of one moment: each row that is asked for twice is folded once. */
  reader(at: Moment): Promise<PastReader>;
};

/** Rows as they were at one moment. */
export type PastReader = {
  /** As far as this build can read it; throws UnknownEvent where that is no row at all. */
  soFar<Row>(projection: Projection<Row>, id: string, watch?: Watcher<Row>): Promise<RowAt<Row> | null>;
  /** What a VM's view takes from elsewhere, as it was. */
  beside(found: RowAt<VmRow>): Promise<Beside>;
};

export const createPast = (store: EventStore, clock: Clock): Past => {
  const reader: Past['reader'] = async ({ position }) => {
    const skipped = await skippedEvents({ store, clock }, 'read-model');
    const soFar: PastReader['soFar'] = (projection, id, watch) =>
      rowAt(store, projection, id, position, skipped, watch);
    const image = once((digest) => soFar(images, digest).catch(nothingReadable));
    const miner = once((minerId) => soFar(miners, minerId).catch(nothingReadable));
    return {
      soFar,
      beside: async (found) => {
        const { vm } = found.row;
        const holder = vm.placement === null ? null : await miner(vm.placement.minerId);
        return {
          manifest: (await image(vm.imageDigest))?.row.image.manifest ?? null,
          platform: holder?.row.miner.attachment?.platform ?? null,
          stale: staleThen(found),
        };
      },
    };
  };

  const found = async (text: string): Promise<{ readonly at: string; readonly position: Position | null }> => {
    const time = timeIn(text);
    if (time === null) return { at: text, position: await positionFrom(store, text) };
    const now = clock.now();
    if (time > now) {
      const detail = `"at" is ${isoTime(time)} and it is ${isoTime(now)} here; leave it out to read what is now`;
      throw new DoorProblem('at-in-the-future', detail, { observed: isoTime(time), wanted: `at most ${isoTime(now)}` });
    }
    return { at: isoTime(time), position: await store.positionAt(time) };
  };

  return {
    at: async (text) => {
      const { at, position } = await found(text);
      if (position === null) throw await beforeBeginning(store, text);
      return { at, position };
    },
    positionAt: async (text) => (await found(text)).position,
    now: async () => {
      const position = await store.head();
      if (position === null) throw await beforeBeginning(store, 'now');
      return { at: isoTime(clock.now()), position };
    },
    reader,
    row: async (projection, id, at, watch) => (await reader(at)).soFar(projection, id, watch),
  };
};

/** For {@link PastReader.soFar}: what this build can read nothing of is not shown, as in what is now. */
export const nothingReadable = (error: unknown): null => {
  if (error instanceof UnknownEvent) return null;
  throw error;
};

/** Which event keeps what is shown of the past from being all of it; `null` when none does. */
export const staleThen = ({ unread }: Pick<RowAt<unknown>, 'unread'>): StaleView => {
  if (unread === null) return null;
  const { eventId, type, revision, recordedAt } = unread.event;
  return { since: recordedAt, eventId, eventType: type, revision: revision.toString(), reason: unread.error.message };
};

/** Work that is done once for each key. */
const once = <Result>(work: (key: string) => Promise<Result>): ((key: string) => Promise<Result>) => {
  const known = new Map<string, Promise<Result>>();
  return (key) => {
    const result = known.get(key) ?? work(key);
    known.set(key, result);
    return result;
  };
};

/** What was not there at a moment, in the words for what is not there at all. */
export const notThen = (code: 'vm-not-found' | 'miner-not-found' | 'account-not-found', what: string, at: Moment) =>
  new Refusal(
    code,
    `there was no ${what} as of ${at.at} (position ${at.position}); leave "at" out to read what is now`,
  );

/** When a moment was; of a position it is the time of the last event that counts. */
export const timeOf = ({ at }: Moment, { last }: Pick<RowAt<unknown>, 'last'>): UnixMs =>
  DAY.test(at) ? Date.parse(at) : Date.parse(last.recordedAt);

const DAY = /^\d{4}-\d{2}-\d{2}/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/;

/** A time in a text; `null` when it does not begin like one. */
const timeIn = (text: string): UnixMs | null => {
  if (!DAY.test(text)) return null;
  const time = TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw unreadable(text);
  return time;
};

const positionFrom = async (store: EventStore, text: string): Promise<Position> => {
  const position = parsed(store, text);
  const head = await store.head();
  if (head !== null && store.comparePositions(position, head) <= 0) return position;
  throw new DoorProblem('at-in-the-future', `"at" is ${position} and the log ends at ${head ?? 'its beginning'}`, {
    observed: position,
    wanted: head,
  });
};

const parsed = (store: EventStore, text: string): Position => {
  try {
    return store.parsePosition(text);
  } catch (error) {
    // A token of another store is one; anything else was meant as who knows what.
    if (error instanceof ForeignPosition && !/^[\w-]+\.[\w.-]+$/.test(text)) throw unreadable(text);
    throw error;
  }
};

const unreadable = (text: string): DoorProblem =>
  new DoorProblem(
    'at-unreadable',
    `"at" is ${JSON.stringify(text.slice(0, 80))}, which is neither a time nor a position`,
    {
      observed: text.slice(0, 80),
      wanted: 'a time with its zone such as 2026-01-31T12:00:00Z, or a position that this server gave out',
    },
  );

const beforeBeginning = async (store: EventStore, text: string): Promise<DoorProblem> => {
  const [first] = (await store.readAll({ limit: 1 })).events;
  const begins = first === undefined ? 'and nothing is recorded yet' : `and the log begins at ${first.recordedAt}`;
  return new DoorProblem('at-before-beginning', `"at" is ${text} ${begins}`, {
    observed: text,
    wanted: first?.recordedAt ?? null,
  });
};
