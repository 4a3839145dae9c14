import { describe, expect, test } from 'vitest';
import { createMemoryFoldSnapshots } from '#adapters/memory';
import { createConsumer, type EventStore, type RecordedEvent, type Sink } from '#events';
import type { Process } from '../../apps/orchestrator/src/processes/process.ts';
import { type ProcessDependencies, processSink } from '../../apps/orchestrator/src/processes/runner.ts';
import { type Bench, createBench } from './bench.ts';

/** What happens around a process. `run` lets it handle everything there is. */
export type Story = (bench: Bench, run: () => Promise<unknown>) => Promise<void>;

/** What time makes a process do, once it has caught up: raise a deadline, release an orphan. */
export type Act<State> = (state: State, dependencies: ProcessDependencies) => Promise<void>;

/**
 * The bar for every process: whatever its stories are, an event delivered twice changes nothing, and a crash at any
 * append, before it was written or after, ends in the same log as no crash.
 */
export const describeProcess = <State>(
  process: Process<State>,
  stories: Readonly<Record<string, Story>>,
  act: Act<State> = async () => undefined,
): void => {
  describe.each(Object.entries(stories))(`${process.name}: %s`, (_, story) => {
    test('when every event is delivered twice, then the log is the same', async () => {
      const [clean, twice] = [createBench(), createBench()];
      await story(clean, () => runProcess(process, clean, { act }));
      await story(twice, () => runProcess(process, twice, { act, around: deliverTwice }));
      expect(await byStream(twice)).toEqual(await byStream(clean));
    });

    test('when its next life begins with a copy of what it knew, then it knows what one that reads the log knows', async () => {
      const bench = createBench();
      await story(bench, () => runProcess(process, bench, { act }));
      await runProcess(process, bench);
      expect(await bench.snapshots.load(process.name)).not.toBeNull();
      const reading = { ...bench, snapshots: createMemoryFoldSnapshots({ everyEvents: Number.MAX_SAFE_INTEGER }) };
      expect(await runProcess(process, bench)).toEqual(await runProcess(process, reading));
    });

    test('when it crashes at any append, once, then it ends the same with nothing doubled', async () => {
      const clean = createBench();
      const counted = countAppends(clean.store);
      await story(clean, () => runProcess(process, clean, { act, store: counted.store }));
      expect(counted.appends()).toBeGreaterThan(0);
      const wanted = await byStream(clean);
      for (let at = 1; at <= counted.appends(); at += 1) {
        for (const when of ['before', 'after'] as const) {
          const bench = createBench();
          const crashing = crashAt(bench.store, at, when);
          await story(bench, () => runCrashing(process, bench, act, crashing));
          expect(await byStream(bench), `crash ${when} append ${at}`).toEqual(wanted);
        }
      }
    });
  });
};

type RunOptions<State> = {
  readonly act?: Act<State>;
  readonly store?: EventStore;
  readonly around?: (sink: Sink) => Sink;
};

/** A process from its checkpoint until it has handled everything, its own events too. */
export const runProcess = async <State>(
  process: Process<State>,
  bench: Bench,
  { act, store = bench.store, around = (sink) => sink }: RunOptions<State> = {},
): Promise<State> => {
  const { checkpoints, snapshots, clock } = bench;
  const dependencies = { store, checkpoints, snapshots, clock };
  const sink = processSink(process, dependencies, 'beginning');
  const consumer = createConsumer({
    name: process.name,
    store,
    clock: bench.clock,
    sink: around(sink),
    log: () => undefined,
  });
  const catchUp = async (): Promise<void> => {
    while ((await consumer.runOnce()) > 0);
  };
  await catchUp();
  await act?.(sink.state(), dependencies);
  await catchUp();
  return sink.state();
};

const deliverTwice = (sink: Sink): Sink => ({
  ...sink,
  apply: async (event) => {
    await sink.apply(event);
    await sink.apply(event);
  },
});

/** A process that dies is begun anew, from its checkpoint and on a store that works. */
const runCrashing = async <State>(
  process: Process<State>,
  bench: Bench,
  act: Act<State>,
  store: EventStore,
): Promise<void> => {
  try {
    await runProcess(process, bench, { act, store });
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
    await runProcess(process, bench, { act });
  }
};

class Crash extends Error {
  override readonly name = 'Crash';
}

/** From the crash on nothing works any more, until the process is begun anew on the store itself. */
const crashAt = (store: EventStore, at: number, when: 'before' | 'after'): EventStore => {
  let appends = 0;
  let hasCrashed = false;
  return {
    ...store,
    append: async (stream, events, expected) => {
      appends += 1;
      if (hasCrashed) throw new Crash();
      hasCrashed = appends === at;
      if (hasCrashed && when === 'before') throw new Crash();
      const appended = await store.append(stream, events, expected);
      if (hasCrashed) throw new Crash();
      return appended;
    },
  };
};

const countAppends = (store: EventStore) => {
  let appends = 0;
  return {
    appends: () => appends,
    store: {
      ...store,
      append: (...given: Parameters<EventStore['append']>) => {
        appends += 1;
        return store.append(...given);
      },
    } satisfies EventStore,
  };
};

/** Streams with what is in them, order between streams left out: a crash may change that. */
const byStream = async (bench: Bench): Promise<Readonly<Record<string, readonly unknown[]>>> => {
  const streams: Record<string, unknown[]> = {};
  for (const event of await bench.log()) {
    streams[event.stream] = [...(streams[event.stream] ?? []), content(event)];
  }
  return streams;
};

/** `snapshotPosition` says when a choice was made, which a crash may move. */
const content = ({ type, eventId, data }: RecordedEvent) => {
  const { snapshotPosition: _, ...rest } = data;
  return { type, eventId, data: rest };
};
