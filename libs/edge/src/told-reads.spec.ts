import { describe, expect, it } from 'vitest';
import { createManualClock } from '#adapters/memory';
import type { EventStore, Position } from '#events';
import { longReadEveryMs } from './limits.ts';
import { longRead, toldReads } from './told-reads.ts';

/** A log of `pages` pages, each of which takes `pageMs` to read. */
const long = (pages: number, pageMs: number) => {
  const clock = createManualClock();
  const said: unknown[] = [];
  const store = {
    readAll: async ({ after = null } = {}) => {
      await clock.advance(pageMs);
      const page = Number(after ?? 0) + 1;
      return { events: [], next: `${page}` as Position, end: page >= pages };
    },
    head: async () => `${pages}` as Position,
  } as unknown as EventStore;
  const told = toldReads(store, { clock, log: (_level, message, fields) => void said.push([message, fields]) });
  const read = async (): Promise<void> => {
    for (let after: Position | null = null; ; ) {
      const page = await told.readAll({ after });
      if (page.end) return;
      after = page.next;
    }
  };
  return { read, said };
};

describe('a read of the log', () => {
  it('given it lasts / then it says every few seconds how far it is and where the log ends', async () => {
    const { read, said } = long(13, longReadEveryMs / 4);
    await read();
    expect(said).toEqual([
      [longRead, { at: '5', end: '13' }],
      [longRead, { at: '9', end: '13' }],
    ]);
  });

  it('given it is short, and again and again / then it says nothing', async () => {
    const { read, said } = long(3, longReadEveryMs / 4);
    for (let times = 0; times < 10; times += 1) await read();
    expect(said).toEqual([]);
  });
});
