import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMemoryEventStore, createMemoryFoldSnapshots } from '#adapters/memory';
import { record, ticking } from '../../../test/events/parking-world.ts';
import { createConsumer } from './consumer.ts';
import type { Position, RecordedEvent } from './envelope.ts';
import { createKeptFold } from './kept-fold.ts';
import { readPageEventsMax } from './limits.ts';
import { streamName } from './names.ts';
import type { EventStore } from './ports/event-store.ts';
import type { FoldSnapshots } from './ports/fold-snapshots.ts';
import type { Past, Sink } from './sink.ts';

const name = 'seen';
const all: Past = { counts: () => true, without: '' };
const neverCopied = (): FoldSnapshots => createMemoryFoldSnapshots({ everyEvents: Number.MAX_SAFE_INTEGER });

/** How many events of each stream it has seen, and every type. */
type Seen = { readonly counts: Map<string, number>; readonly types: Set<string> };

const absorb = ({ counts, types }: Seen, { stream, type }: RecordedEvent): boolean => {
  if (type === 'Unreadable') return false;
  counts.set(stream, (counts.get(stream) ?? 0) + 1);
  types.add(type);
  return true;
};

const foldOver = (store: EventStore, snapshots: FoldSnapshots) => {
  let read = 0;
  const counted = {
    ...store,
    readAll: async (options?: Parameters<EventStore['readAll']>[0]) => {
      const page = await store.readAll(options);
      read += page.events.length;
      return page;
    },
  };
  const fold = createKeptFold<Seen>({
    ...{ name, store: counted, snapshots, absorb },
    initial: () => ({ counts: new Map(), types: new Set() }),
  });
  return { ...fold, read: () => read };
};

const headOf = async (store: EventStore): Promise<Position> => (await store.head()) ?? expect.fail('no event');

describe('a fold of which copies are kept', () => {
  test('given any history, any lives and copies of any age, then it knows what a fold of the whole log knows', async () => {
    const life = fc.array(fc.record({ vm: fc.nat(3), type: fc.constantFrom('A', 'B', 'C') }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.array(life, { maxLength: 5 }), fc.integer({ min: 1, max: 9 }), async (lives, everyEvents) => {
        const store = createMemoryEventStore();
        const snapshots = createMemoryFoldSnapshots({ everyEvents });
        for (const events of lives) {
          const fold = foldOver(store, snapshots);
          const until = await store.head();
          if (until !== null) await fold.restore(until, all);
          for (const { vm, type } of events) {
            await record(store, streamName('vm', `${vm}`), type);
            const [newest] = (await store.readStream(streamName('vm', `${vm}`))).slice(-1);
            if (newest === undefined) expect.fail('no event');
            absorb(fold.state(), newest);
            fold.took(newest);
            await fold.keep('');
          }
          const reading = foldOver(store, neverCopied());
          const head = await store.head();
          if (head !== null) await reading.restore(head, all);
          expect(fold.state()).toEqual(reading.state());
        }
      }),
      { numRuns: 50 },
    );
  });

  test('given a copy, then the next life reads what came after it and no more', async () => {
    const store = createMemoryEventStore();
    const snapshots = createMemoryFoldSnapshots({ everyEvents: 3 });
    await record(store, streamName('vm', 'a'), 'A', 'B', 'C');
    await foldOver(store, snapshots).restore(await headOf(store), all);
    await record(store, streamName('vm', 'a'), 'D');
    const next = foldOver(store, snapshots);
    await next.restore(await headOf(store), all);
    expect(next.read()).toBe(1);
    expect(next.state().types).toEqual(new Set(['A', 'B', 'C', 'D']));
  });

  test('given a start that is cut off while it reads a long past, then the next goes on where it was', async () => {
    const store = createMemoryEventStore();
    const snapshots = createMemoryFoldSnapshots({ everyEvents: 1 });
    for (let n = 0; n < 2 * readPageEventsMax; n += 1) await record(store, streamName('vm', `${n}`), 'A');
    let pages = 0;
    const ending: EventStore = {
      ...store,
      readAll: (options) => {
        pages += 1;
        return pages > 1 ? Promise.reject(new Error('the machine is switched off')) : store.readAll(options);
      },
    };
    const until = await headOf(store);
    await expect(foldOver(ending, snapshots).restore(until, all)).rejects.toThrow('switched off');
    const next = foldOver(store, snapshots);
    await next.restore(until, all);
    expect(next.read()).toBe(readPageEventsMax);
    expect(next.state().counts.size).toBe(2 * readPageEventsMax);
  });

  test('given a copy that is ahead of where it shall be, or of a store that was put back, then the log is read', async () => {
    const [store, other] = [createMemoryEventStore(), createMemoryEventStore()];
    const snapshots = createMemoryFoldSnapshots({ everyEvents: 1 });
    await record(store, streamName('vm', 'a'), 'A');
    const first = await headOf(store);
    await record(store, streamName('vm', 'a'), 'B');
    await foldOver(store, snapshots).restore(await headOf(store), all);

    const earlier = foldOver(store, snapshots);
    await earlier.restore(first, all);
    expect(earlier.state().types).toEqual(new Set(['A']));

    await record(other, streamName('vm', 'a'), 'X', 'Y', 'Z');
    await foldOver(store, snapshots).restore(await headOf(store), all);
    const elsewhere = foldOver(
      { ...other, storeId: store.storeId, comparePositions: other.comparePositions },
      snapshots,
    );
    await elsewhere.restore(await headOf(other), all);
    expect(elsewhere.state().types).toEqual(new Set(['X', 'Y', 'Z']));
  });

  test('given a stream that is caught up behind the others, then the copy stands at the furthest event, and nothing comes twice', async () => {
    const store = createMemoryEventStore();
    const snapshots = createMemoryFoldSnapshots({ everyEvents: 1 });
    await record(store, streamName('vm', 'late'), 'A');
    await record(store, streamName('vm', 'b'), 'B');
    const [late, newer] = (await store.readAll({ after: null })).events;
    const fold = foldOver(store, snapshots);
    for (const recorded of [newer, late]) {
      if (recorded === undefined) expect.fail('no event');
      absorb(fold.state(), recorded);
      fold.took(recorded);
    }
    await fold.keep('');
    const next = foldOver(store, snapshots);
    await next.restore(await headOf(store), all);
    expect(next.state()).toEqual(fold.state());
    expect(next.read()).toBe(0);
  });

  test('given something was skipped since, or an event cannot be read, then no copy stands for the rest', async () => {
    const store = createMemoryEventStore();
    const snapshots = createMemoryFoldSnapshots({ everyEvents: 1 });
    await record(store, streamName('vm', 'a'), 'A', 'B');
    const until = await headOf(store);
    await foldOver(store, snapshots).restore(until, all);
    const skipping = foldOver(store, snapshots);
    await skipping.restore(until, { counts: ({ type }) => type !== 'A', without: 'A' });
    expect(skipping.state().types).toEqual(new Set(['B']));
    expect((await snapshots.load(name))?.without).toBe('A');

    await record(store, streamName('vm', 'a'), 'Unreadable');
    await foldOver(store, snapshots).restore(await headOf(store), all);
    expect((await snapshots.load(name))?.place.position).toBe(until);
  });
});

describe('a consumer whose sink keeps copies', () => {
  const consumerOver = (store: EventStore, snapshots: FoldSnapshots, fails: (event: RecordedEvent) => boolean) => {
    const fold = foldOver(store, snapshots);
    const sink: Sink = {
      load: fold.begin,
      restore: fold.restore,
      apply: (recorded) => {
        if (fails(recorded)) throw new TypeError('x is undefined');
        absorb(fold.state(), recorded);
        fold.took(recorded);
      },
      commit: (_position, without) => fold.keep(without),
    };
    return { fold, ...createConsumer({ name, store, clock: ticking(), sink, log: () => undefined }) };
  };

  test('given a stream is held back, then no copy is made of what lacks it, and the next life tries it again', async () => {
    const store = createMemoryEventStore();
    const snapshots = createMemoryFoldSnapshots({ everyEvents: 1 });
    await record(store, streamName('vm', 'a'), 'A', 'B');
    await record(store, streamName('vm', 'b'), 'C');
    const failing = consumerOver(store, snapshots, ({ type }) => type === 'B');
    while ((await failing.runOnce()) > 0);
    expect(failing.status().parkedCount).toBe(1);
    const copy = await snapshots.load<Seen>(name);
    expect(copy).toBeNull();

    const mended = consumerOver(store, snapshots, () => false);
    while ((await mended.runOnce()) > 0);
    expect(mended.fold.state().types).toEqual(new Set(['A', 'B', 'C', 'EventParked', 'ParkedEventHandled']));
  });
});
