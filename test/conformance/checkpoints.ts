import { describe, expect, onTestFinished, test } from 'vitest';
import { type Checkpoints, type EventStore, ForeignPosition } from '#events';
import { freshStream, newEvents } from './new-events.ts';

/** Checkpoints beside a store. `reopen` closes both and opens what they left. */
export type OpenedCheckpoints = {
  readonly store: EventStore;
  readonly checkpoints: Checkpoints;
  readonly reopen?: () => Promise<{ readonly store: EventStore; readonly checkpoints: Checkpoints }>;
};

/** What checkpoints promise, over a factory of empty ones. */
export const describeCheckpoints = (name: string, factory: { open(): Promise<OpenedCheckpoints> }): void => {
  const open = async () => {
    const opened = await factory.open();
    onTestFinished(() => opened.store.close());
    return opened;
  };

  describe(`checkpoints: ${name}`, () => {
    test('a consumer nobody ever placed has none, which is not the start of the log', async () => {
      const { checkpoints } = await open();
      expect(await checkpoints.load('relay')).toBe('none');
      await checkpoints.save('relay', null);
      expect(await checkpoints.load('relay')).toBeNull();
      expect(await checkpoints.load('vm-placement')).toBe('none');
    });

    test('given two consumers / when they move, also back / then each is where it was put last', async () => {
      const { store, checkpoints } = await open();
      const { position: early } = await store.append(freshStream(), newEvents(1), 'no-stream');
      const { position: late } = await store.append(freshStream(), newEvents(3), 'no-stream');
      await checkpoints.save('relay', late);
      await checkpoints.save('vm-placement', late);
      await checkpoints.save('relay', early);
      expect(await checkpoints.load('relay')).toBe(early);
      expect(await checkpoints.load('vm-placement')).toBe(late);
    });

    test('given a position of another store / when it is saved / then it is refused and the old one stays', async () => {
      const { store, checkpoints } = await open();
      const { store: other } = await open();
      const { position } = await store.append(freshStream(), newEvents(1), 'no-stream');
      const { position: foreign } = await other.append(freshStream(), newEvents(2), 'no-stream');
      await checkpoints.save('relay', position);
      await expect(checkpoints.save('relay', foreign)).rejects.toThrow(ForeignPosition);
      expect(await checkpoints.load('relay')).toBe(position);
    });

    test('given saved checkpoints / when the store is opened again / then they are there', async (context) => {
      const { store, checkpoints, reopen } = await open();
      if (reopen === undefined) return context.skip('these checkpoints do not outlive their process');
      const { position } = await store.append(freshStream(), newEvents(1), 'no-stream');
      await checkpoints.save('relay', position);
      await checkpoints.save('vm-placement', null);
      const again = await reopen();
      expect(await again.checkpoints.load('relay')).toBe(position);
      expect(await again.checkpoints.load('vm-placement')).toBeNull();
    });
  });
};
