import { expect, test } from 'vitest';
import { createMemoryEventStore } from '#adapters/memory';
import { createBell, follow, type Position, type ReadPage, type RecordedEvent } from '#events';
import { freshStream, newEvents } from './new-events.ts';

test('given a reader that has not taken a page / when more is appended / then no further page is read', async () => {
  const store = createMemoryEventStore();
  await store.append(freshStream(), newEvents(25), 'no-stream');
  const asked: (Position | null)[] = [];
  const readPage = (after: Position | null): Promise<ReadPage> => {
    asked.push(after);
    return store.readAll({ after, limit: 10 });
  };
  const { signal } = new AbortController();
  const events = follow(readPage, createBell(), { after: null, signal });
  const taken: RecordedEvent[] = [];
  for await (const event of events) {
    taken.push(event);
    expect(asked).toHaveLength(Math.ceil(taken.length / 10));
    if (taken.length === 25) break;
  }
});

test('given a bell that rang after the read / when a tail waits for it / then it does not sleep through it', async () => {
  const bell = createBell();
  const seen = bell.rings();
  bell.ring();
  await bell.rungSince(seen, new AbortController().signal);
  expect(bell.rings()).toBe(1);
});
