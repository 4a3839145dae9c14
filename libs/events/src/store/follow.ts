import type { Position, RecordedEvent } from '../envelope.ts';
import type { EventStore, ReadPage } from '../ports/event-store.ts';

/** A bell for tails: whoever waits is woken, and a ring between a read and the wait is not missed. */
export type Bell = {
  ring(): void;
  /** How often it rang. */
  rings(): number;
  /** Resolves when it has rung since `seen`, or the signal aborts. */
  rungSince(seen: number, signal: AbortSignal): Promise<void>;
};

/** A bell that wakes everyone who waits, once. */
export const createBell = (): Bell => {
  let rings = 0;
  const waiting = new Set<() => void>();
  return {
    ring: () => {
      rings += 1;
      for (const wake of waiting) wake();
    },
    rings: () => rings,
    rungSince: (seen, signal) =>
      new Promise((resolve) => {
        if (rings !== seen || signal.aborted) return resolve();
        const wake = () => {
          waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        waiting.add(wake);
        signal.addEventListener('abort', wake);
      }),
  };
};

/** Everything after a position, then live: one page in memory at a time, asked for when the last was taken. */
export async function* follow(
  readPage: (after: Position | null) => Promise<ReadPage>,
  bell: Bell,
  { after, signal }: { readonly after: Position | null; readonly signal: AbortSignal },
): AsyncGenerator<RecordedEvent, void, undefined> {
  let next = after;
  while (!signal.aborted) {
    const seen = bell.rings();
    const page = await readPage(next);
    for (const event of page.events) {
      if (signal.aborted) return;
      yield event;
    }
    next = page.next;
    if (page.end) await bell.rungSince(seen, signal);
  }
}

/** Resolves when something was appended after a position, or the signal aborts. */
export const nextAppend = async (
  store: Pick<EventStore, 'subscribe'>,
  after: Position | null,
  signal: AbortSignal,
): Promise<void> => {
  for await (const _ of store.subscribe({ after, signal })) return;
};
