import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createManualClock, createMemoryEventStore } from '#adapters/memory';
import { type Log, silentLog } from '#edge';
import { type EventStore, type Position, readHeads, type SignedHead, StoreUnavailable } from '#events';
import { freshStream, newEvents } from '../../../../test/conformance/new-events.ts';
import { createLogHeads, LogCut } from './log-heads.ts';

const key = generateKeyPairSync('ed25519').privateKey;

const place = (log: Log = silentLog) => {
  const dir = mkdtempSync(join(tmpdir(), 'hcc-heads-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'log-heads.ndjson');
  const clock = createManualClock();
  const keeper = (store: EventStore) => createLogHeads({ store, clock, file, key, log });
  const heads = async (): Promise<readonly SignedHead[]> => {
    async function* lines() {
      yield* readFileSync(file, 'utf8').split('\n').slice(0, -1);
    }
    const found: SignedHead[] = [];
    for await (const head of readHeads(lines(), createPublicKey(key))) found.push(head);
    return found;
  };
  return { file, clock, keeper, heads };
};

/** Runs a keeper until it has read the whole log, and stops it, as a day of an orchestrator. */
const day = async (keeper: ReturnType<typeof createLogHeads>): Promise<void> => {
  await keeper.start();
  while (!keeper.status().caughtUp) await new Promise((resolve) => setImmediate(resolve));
  await keeper.stop();
};

const append = async (store: EventStore, events: number): Promise<Position> =>
  (await store.append(freshStream(), newEvents(events), 'no-stream')).position;

describe('signed heads of the log', () => {
  it('given two days, then the second goes on where the first ended, and both heads are in one chain', async () => {
    const { keeper, heads } = place();
    const store = createMemoryEventStore();
    const first = await append(store, 3);
    await day(keeper(store));
    const second = await append(store, 2);
    await day(keeper(store));
    await day(keeper(store));
    expect(await heads()).toMatchObject([
      { position: first, events: 3 },
      { position: second, events: 5 },
    ]);
  });

  it('given half a line that a crash left, then it is cut off and said again', async () => {
    const { file, keeper, heads } = place();
    const store = createMemoryEventStore();
    await append(store, 3);
    await day(keeper(store));
    appendFileSync(file, '{"format":"hcc-log-head","ver');
    await append(store, 1);
    await day(keeper(store));
    expect((await heads()).map(({ events }) => events)).toEqual([3, 4]);
  });

  it('given a minute in which something was recorded, then it is signed without waiting for the end', async () => {
    const { clock, keeper, heads } = place();
    const store = createMemoryEventStore();
    const one = keeper(store);
    await one.start();
    await append(store, 2);
    while ((await heads()).length === 0) {
      clock.advance(30_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await heads()).toMatchObject([{ events: 2 }]);
    await one.stop();
  });

  it('given something recorded just before the end, then the last head covers it', async () => {
    const { keeper, heads } = place();
    const store = createMemoryEventStore();
    const one = keeper(store);
    await one.start();
    await append(store, 2);
    while (!one.status().caughtUp) await new Promise((resolve) => setImmediate(resolve));
    const last = await append(store, 1);
    await one.stop();
    expect(await heads()).toMatchObject([{ position: last, events: 3 }]);
  });

  it('given a log that cannot be read at the end, then what was read of it is signed, and the rest is said', async () => {
    const said: string[] = [];
    const { clock, keeper, heads } = place((_level, message) => said.push(message));
    const store = createMemoryEventStore();
    let lost = false;
    const one = keeper({
      ...store,
      readAll: async (options) => {
        if (lost) throw new StoreUnavailable('unreachable', 'no server answers');
        return store.readAll(options);
      },
    });
    const first = await append(store, 2);
    await one.start();
    while (one.status().position !== first) await new Promise((resolve) => setImmediate(resolve));
    lost = true;
    await append(store, 1);
    let stopped = false;
    const stopping = one.stop().then(() => {
      stopped = true;
    });
    while (!stopped) {
      clock.advance(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await stopping;
    expect(await heads()).toMatchObject([{ position: first, events: 2 }]);
    expect(said).toContain('the last head does not cover the end of the log');
  });

  it('given a log that lacks what was signed, then it does not start, and says what is missing and what to do', async () => {
    const { keeper } = place();
    const store = createMemoryEventStore();
    await append(store, 3);
    await day(keeper(store));
    const cut = createMemoryEventStore();
    await append(cut, 1);
    await expect(keeper(cut).start()).rejects.toThrow(LogCut);
    await expect(keeper(cut).start()).rejects.toThrow(/had 3 events .* at revision 2 has nothing.* move .* away/);
  });
});
