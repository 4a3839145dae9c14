import { describe, expect, test } from 'vitest';
import { createMemoryEventStore } from '#adapters/memory';
import { record, ticking } from '../../../test/events/parking-world.ts';
import { createConsumer } from './consumer.ts';
import type { Position, RecordedEvent } from './envelope.ts';
import { streamName } from './names.ts';
import { parkedCodec } from './parking-stream.ts';
import { BusUnavailable } from './ports/bus.ts';
import type { EventStore } from './ports/event-store.ts';

const [a, parked] = [streamName('vm', 'a'), streamName('parked', 'reader')];

/** Lives of one process: all have one checkpoint, and nothing but that and the log tells the next what was done. */
const processWorld = () => {
  const store = createMemoryEventStore();
  const clock = ticking();
  const done: string[] = [];
  let saved: Position | null = null;
  const life = ({ knows, on = store }: { readonly knows: boolean; readonly on?: EventStore }) => {
    let dies = false;
    const sink = {
      load: async () => saved,
      apply: ({ type, stream }: Pick<RecordedEvent, 'type' | 'stream'>) => {
        if (stream !== a) return;
        if (type === 'New' && !knows) throw new TypeError('this build cannot read New');
        done.push(type);
      },
      commit: (position: Position) => {
        saved = position;
        if (dies) throw new BusUnavailable('it ended here');
      },
    };
    const consumer = createConsumer({ name: 'reader', store: on, clock, sink, log: () => undefined });
    return {
      step: () => consumer.runOnce(),
      run: async () => {
        while ((await consumer.runOnce()) > 0);
      },
      dieAtCommit: () => {
        dies = true;
      },
    };
  };
  /** A store whose next append waits until it is let go. */
  const held = () => {
    const { promise, resolve: letGo } = Promise.withResolvers<void>();
    const waits = Promise.withResolvers<void>();
    const on: EventStore = {
      ...store,
      append: async (...args) => {
        waits.resolve();
        await promise;
        return store.append(...args);
      },
    };
    return { on, letGo, waits: waits.promise };
  };
  return { store, done, life, held, told: async () => (await store.readStream(parked)).map(parkedCodec.decode) };
};

/**
 * A newer life handles what an older one parked, and is about to say so; an older build takes its place and goes on behind
 * the event; only then the word of the first is recorded.
 */
const replacedWhileItSettles = async () => {
  const world = processWorld();
  const { store, life, held } = world;
  await record(store, a, 'One', 'New', 'Two');
  await life({ knows: false }).run();
  const { on, letGo, waits } = held();
  const replaced = life({ knows: true, on }).step();
  await waits;
  const older = life({ knows: false });
  await record(store, a, 'Three');
  await older.run();
  letGo();
  await replaced;
  return { ...world, older };
};

describe('a process that was replaced settles what it had handled', () => {
  test('given that its place followed the log further, when the next begins there, then nothing of the stream is lost', async () => {
    const { done, life } = await replacedWhileItSettles();
    expect(done).toEqual(['One', 'New', 'Two']);
    await life({ knows: true }).run();
    expect(done).toContain('Three');
  });

  test('given that its place read the word of it, cannot follow and ends, then it stands parked again for the next', async () => {
    const { done, life, older } = await replacedWhileItSettles();
    older.dieAtCommit();
    await expect(older.run()).rejects.toThrow(BusUnavailable);
    await life({ knows: true }).run();
    expect(done).toContain('Three');
  });

  test('given a life that ends right after its own word, then the next repeats that stream and says nothing more', async () => {
    const { store, done, life, told } = processWorld();
    await record(store, a, 'One', 'New');
    await life({ knows: false }).run();
    await life({ knows: true }).step();
    const before = await told();
    expect(before.map(({ type }) => type)).toEqual(['EventParked', 'ParkedEventHandled']);
    await life({ knows: true }).run();
    expect(done).toEqual(['One', 'New', 'New']);
    expect(await told()).toEqual(before);
  });
});
