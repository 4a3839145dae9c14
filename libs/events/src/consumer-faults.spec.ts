import { expect, test } from 'vitest';
import { createManualClock, createMemoryEventStore } from '#adapters/memory';
import { record } from '../../../test/events/parking-world.ts';
import { createConsumer } from './consumer.ts';
import { lastingFault, shownReason } from './consumer-faults.ts';
import { consumerRetryMaxMs, lastingRetryMs } from './limits.ts';
import { streamName } from './names.ts';
import { BusUnavailable } from './ports/bus.ts';
import { type StoreFault, StoreUnavailable } from './ports/event-store.ts';

const faults = {
  ...{ busy: 'passes', unreachable: 'passes', 'not-leader': 'passes', 'in-doubt': 'passes', io: 'passes' },
  ...{ 'disk-full': 'lasts', refused: 'lasts', corrupt: 'lasts', 'not-a-store': 'lasts' },
  ...{ 'newer-format': 'lasts', closed: 'lasts' },
} as const satisfies Record<StoreFault, 'passes' | 'lasts'>;

// The keys of a literal that nobody extends.
const each = Object.entries(faults) as [StoreFault, 'passes' | 'lasts'][];

/** A consumer whose store has a fault, until it is mended. */
const standing = async (fault: StoreFault) => {
  const store = createMemoryEventStore();
  const clock = createManualClock();
  const logged: { level: string; message: string; fields: Readonly<Record<string, unknown>> }[] = [];
  let [broken, tries, handled] = [true, 0, 0];
  const sink = {
    load: async () => null,
    apply: () => {
      tries += 1;
      if (broken) throw new StoreUnavailable(fault, 'observed');
      handled += 1;
    },
    commit: () => undefined,
  };
  const log = (level: string, message: string, fields: Readonly<Record<string, unknown>>): void =>
    void logged.push({ level, message, fields });
  const consumer = createConsumer({ name: 'reader', store, clock, sink, log });
  await record(store, streamName('vm', 'a'), 'One');
  await consumer.start();
  await clock.advance(0);
  const mend = (): void => {
    broken = false;
  };
  return { clock, logged, consumer, mend, tries: () => tries, handled: () => handled };
};

test.each(each)(
  'given a store with the fault %s, which %s / when a consumer meets it / then it waits and says so, and goes on once it is mended',
  async (fault, nature) => {
    const { clock, logged, consumer, mend, tries, handled } = await standing(fault);
    for (let seconds = 0; seconds < 60; seconds += 1) await clock.advance(1_000);
    expect(consumer.status()).toMatchObject({
      caughtUp: false,
      parkedCount: 0,
      stalled: expect.stringContaining('observed'),
    });
    const levels = logged.map(({ level }) => level);
    if (nature === 'lasts') {
      expect(levels).toEqual(['error']);
      expect(logged[0]?.fields).toMatchObject({ consumer: 'reader', fault, fix: expect.stringMatching(/\w{3}/) });
      expect(consumer.status().stalled).toContain('(this does not pass by itself: ');
      expect(tries()).toBeLessThanOrEqual(1 + 60_000 / lastingRetryMs);
    } else {
      expect(new Set(levels)).toEqual(new Set(['warn']));
      expect(consumer.status().stalled).toBe('observed');
      expect(tries()).toBeGreaterThanOrEqual(60_000 / consumerRetryMaxMs);
    }
    mend();
    for (let seconds = 0; seconds < 31; seconds += 1) await clock.advance(1_000);
    expect(handled()).toBe(1);
    expect(consumer.status()).toMatchObject({ caughtUp: true, stalled: null });
    await consumer.stop();
  },
);

test('given what is no fault of a store / then it never lasts, and is shown in its own words', () => {
  for (const error of [new BusUnavailable('away'), new Error('away')]) {
    expect(lastingFault(error)).toBeNull();
    expect(shownReason(error)).toBe('away');
  }
});
