import { describe, expect, test } from 'vitest';
import { type EventStore, StoreUnavailable } from '#events';
import type { OpenedStore } from './event-store.ts';
import { freshStream, newEvent, newEvents, readEverything } from './new-events.ts';

type Open = () => Promise<OpenedStore>;

export const describeLifetime = (open: Open): void => {
  describe('closing', () => closing(open));
  describe('opening again', () => reopening(open));
};

const closing = (open: Open): void => {
  test('given appends on their way / when the store closes / then each is finished, none is dropped', async () => {
    const { store } = await open();
    const appends = Array.from({ length: 50 }, () => store.append(freshStream(), newEvents(2), 'no-stream'));
    await store.close();
    const results = await Promise.allSettled(appends);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(50);
  });

  test('given a closed store / when anything is asked of it / then it says that it is closed; closing again is nothing', async () => {
    const { store } = await open();
    await store.close();
    await store.close();
    const calls: readonly ((store: EventStore) => Promise<unknown>)[] = [
      (it) => it.append(freshStream(), [newEvent()], 'no-stream'),
      (it) => it.readAll(),
      (it) => it.readStream(freshStream()),
      (it) => it.head(),
      (it) => it.positionAt(0),
    ];
    for (const call of calls) {
      const failure = await call(store).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(StoreUnavailable);
      expect(failure).toMatchObject({ fault: 'closed' });
    }
  });
};

const reopening = (open: Open): void => {
  test('given a store that lasts / when it is opened again / then all is there and its old positions count', async (context) => {
    const { store, reopen } = await open();
    if (reopen === undefined) return context.skip('this store does not outlive its process');
    const [stream, events] = [freshStream(), newEvents(3)];
    const first = await store.append(stream, events, 'no-stream');
    const before = await readEverything(store);
    const again = await reopen();
    expect(again.storeId).toBe(store.storeId);
    expect(await readEverything(again)).toEqual(before);
    expect(await again.append(stream, events, 'no-stream')).toEqual(first);
    const next = await again.append(stream, [newEvent()], 2n);
    expect(again.comparePositions(again.parsePosition(first.position), next.position)).toBeLessThan(0);
  });
};
