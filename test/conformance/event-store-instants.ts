import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createInstants, type EventStore, isoTime, type Position, readPageEventsMax } from '#events';
import type { OpenedStore } from './event-store.ts';
import { freshStream, newEvent, readEverything } from './new-events.ts';

type Open = () => Promise<OpenedStore>;

const noon = Date.UTC(2026, 10, 21, 12);

/** Appends an event per time, some at once, and where each lies. */
const recordAt = async (store: EventStore, times: readonly number[]): Promise<readonly Position[]> => {
  const [stream, before] = [freshStream(), await store.head()];
  let expected: bigint | 'no-stream' = 'no-stream';
  for (let from = 0; from < times.length; from += 50) {
    const events = times.slice(from, from + 50).map((time) => newEvent({ recordedAt: isoTime(time) }));
    expected = (await store.append(stream, events, expected)).revision;
  }
  const events = await readEverything(store);
  const isNew = ({ position }: { position: Position }) =>
    before === null || store.comparePositions(position, before) > 0;
  return events.filter(isNew).map(({ position }) => position);
};

/** The definition, word by word. */
const lastBeforeLater = (times: readonly number[], positions: readonly Position[], wanted: number): Position | null => {
  const later = times.findIndex((time) => time > wanted);
  return positions[(later === -1 ? times.length : later) - 1] ?? null;
};

export const describeInstants = (open: Open): void => {
  describe('positions of instants', () => {
    test('an empty store stood nowhere, whenever one asks', async () => {
      const { store } = await open();
      expect(await store.positionAt(noon)).toBeNull();
    });

    test('given events / when an instant is asked for / then the events of that very millisecond count, later ones do not', async () => {
      const { store } = await open();
      const [first, second, third] = await recordAt(store, [noon, noon + 1, noon + 2]);
      expect(await store.positionAt(noon - 1)).toBeNull();
      expect(await store.positionAt(noon)).toBe(first);
      expect(await store.positionAt(noon + 1)).toBe(second);
      expect(await store.positionAt(noon + 3_600_000)).toBe(third);
    });

    test('given a clock that was an hour ahead and then set right / when a time after that is asked for / then the log ends before the first later event', async () => {
      const { store } = await open();
      const [first] = await recordAt(store, [noon, noon + 3_600_000, noon + 1, noon + 2]);
      expect(await store.positionAt(noon + 2)).toBe(first);
      expect(await store.positionAt(noon + 3_600_000)).toBe(await store.head());
    });

    test('given more events than a page and clocks that jump / when any instant is asked for / then it is as defined, also as the log grows', async () => {
      const { store } = await open();
      const times: number[] = [];
      const positions: Position[] = [];
      for (const count of [readPageEventsMax + 100, readPageEventsMax]) {
        const jumps = fc.sample(fc.integer({ min: -3_000, max: 4_000 }), { seed: count, numRuns: count });
        const more = jumps.map((jump, index) => noon + (times.length + index) * 1_000 + jump);
        positions.push(...(await recordAt(store, more)));
        times.push(...more);
        const byPages = createInstants((options) => store.readAll(options));
        for (const wanted of [...fc.sample(fc.constantFrom(...times), { seed: 7, numRuns: 8 }), noon - 1, noon * 2]) {
          const expected = lastBeforeLater(times, positions, wanted);
          expect([wanted, await store.positionAt(wanted)]).toEqual([wanted, expected]);
          expect([wanted, await byPages.positionAt(wanted)]).toEqual([wanted, expected]);
        }
      }
    });
  });
};
