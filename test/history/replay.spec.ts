import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createManualClock, createMemoryEventStore } from '#adapters/memory';
import { silentLog } from '#edge';
import { createConsumer, type EventStore, type Position, skippedEvents } from '#events';
import { accounts } from '../../apps/orchestrator/src/projections/accounts.projection.ts';
import { attestations } from '../../apps/orchestrator/src/projections/attestations.projection.ts';
import { compareRows, tablesOf } from '../../apps/orchestrator/src/projections/compare.ts';
import { createFill } from '../../apps/orchestrator/src/projections/fill.ts';
import { images } from '../../apps/orchestrator/src/projections/images.projection.ts';
import { miners } from '../../apps/orchestrator/src/projections/miners.projection.ts';
import { projections } from '../../apps/orchestrator/src/projections/model-file.ts';
import type { Projection } from '../../apps/orchestrator/src/projections/projection.ts';
import { openReadModel, type ReadModel } from '../../apps/orchestrator/src/projections/read-model.ts';
import { rowAt } from '../../apps/orchestrator/src/projections/row-at.ts';
import { stateToText } from '../../apps/orchestrator/src/projections/state-text.ts';
import { vms } from '../../apps/orchestrator/src/projections/vms.projection.ts';
import { type Anything, anything, beginnings, createTeller } from './anything.ts';

const clock = createManualClock();
const never = new AbortController().signal;

const open = async (store: EventStore, dir: string) => {
  const model = await openReadModel({ dir, store, log: silentLog });
  const consumer = createConsumer({ name: 'read-model', store, clock, sink: model.sink, log: silentLog });
  return { model, consumer };
};

/** Runs a test with a directory of its own, many times within one test. */
const inDir = async (work: (dir: string) => Promise<void>): Promise<void> => {
  const dir = mkdtempSync(join(tmpdir(), 'hcc-replay-'));
  try {
    await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
};

type Step = { readonly do: 'tell'; readonly event: Anything } | { readonly do: 'catch-up' | 'die' };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: anything.map((event) => ({ do: 'tell', event }) as const) },
  { weight: 2, arbitrary: fc.constant({ do: 'catch-up' } as const) },
  { weight: 1, arbitrary: fc.constant({ do: 'die' } as const) },
);
const begun: readonly Step[] = beginnings.map((event) => ({ do: 'tell', event }));
const lives = fc.array(step, { maxLength: 40, size: 'max' }).map((steps) => [...begun, ...steps]);

/** The live read model of a store after a life of telling, following and dying; everything read in the end. */
const liveThrough = async (store: EventStore, dir: string, steps: readonly Step[]): Promise<ReadModel> => {
  const tell = createTeller(store);
  let life = await open(store, dir);
  const follow = async () => {
    while ((await life.consumer.runOnce()) > 0);
  };
  for (const step of steps) {
    if (step.do === 'tell') await tell(step.event);
    else if (step.do === 'catch-up') await follow();
    else {
      life.model.close();
      life = await open(store, dir);
    }
  }
  await follow();
  return life.model;
};

const rebuilt = async (store: EventStore, model: ReadModel) => {
  const green = model.beside();
  const fill = createFill(store, green, () => skippedEvents({ store, clock }, 'read-model'));
  await fill.on(never);
  return { green, filling: fill.filling() };
};

describe('any history of any events ever stored', () => {
  test('law: what live made of it is what a rebuild makes of it, row for row, in every projection', async () => {
    await fc.assert(
      fc.asyncProperty(lives, (steps) =>
        inDir(async (dir) => {
          const store = createMemoryEventStore();
          const model = await liveThrough(store, dir, steps);
          const { green } = await rebuilt(store, model);
          const { different, first, rows } = await compareRows(model.db, green.db, never);
          green.close();
          model.close();
          expect({ different, first }).toEqual({ different: 0, first: [] });
          expect(rows).toBeGreaterThan(0);
        }),
      ),
      { numRuns: 60 },
    );
  });

  test('law: a rebuild records nothing', async () => {
    await fc.assert(
      fc.asyncProperty(lives, (steps) =>
        inDir(async (dir) => {
          const store = createMemoryEventStore();
          const model = await liveThrough(store, dir, steps);
          const head = await store.head();
          const { green, filling } = await rebuilt(store, model);
          green.close();
          model.close();
          expect([await store.head(), filling.position]).toEqual([head, head]);
        }),
      ),
      { numRuns: 20 },
    );
  });

  test('law: a row as of any moment is the row that live showed when it stood there', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anything, { maxLength: 25, size: 'max' }), (events) =>
        inDir(async (dir) => {
          const store = createMemoryEventStore();
          const tell = createTeller(store);
          const { model, consumer } = await open(store, dir);
          const seen: (() => Promise<void>)[] = [];
          for (const event of [...beginnings, ...events.filter(({ type }) => type !== 'NobodyKnowsThis')]) {
            await tell(event);
            while ((await consumer.runOnce()) > 0);
            const position = await store.head();
            if (position === null || event.category === 'parked') continue;
            seen.push(...snapshotsOf(model, event.stream, store, position));
          }
          for (const check of seen) await check();
          model.close();
        }),
      ),
      { numRuns: 30 },
    );
  });

  test('the histories of these laws are worth something: every table of every projection gets rows', async () => {
    const store = createMemoryEventStore();
    const dir = mkdtempSync(join(tmpdir(), 'hcc-replay-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const { model, consumer } = await open(store, dir);
    const tell = createTeller(store);
    const filled = new Set<string>();
    for (const event of [...beginnings, ...fc.sample(anything, { seed: 1, numRuns: 600 })]) {
      await tell(event);
      while ((await consumer.runOnce()) > 0);
      for (const table of tablesOf(model.db)) {
        if (model.db.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get() !== undefined) filled.add(table);
      }
    }
    expect([...filled].sort()).toEqual(tablesOf(model.db));
    expect(projections.length).toBeGreaterThan(0);
    model.close();
  });
});

/** What live shows of a stream's things now, to be held against what is read as of now later. */
const snapshotsOf = (model: ReadModel, id: string, store: EventStore, position: Position) => {
  const check = <Row>(projection: Projection<Row>, shown: Row | null) => {
    const text = shown === null ? null : stateToText(shown);
    return async () => {
      const then = await rowAt(store, projection, id, position, new Set());
      expect(then === null ? null : stateToText(then.row)).toBe(text);
    };
  };
  const { rows } = model;
  return [
    check(vms, rows.vm(id)),
    check(accounts, rows.account(id)),
    check(miners, rows.miner(id)),
    check(images, rows.image(id)),
    check(attestations, rows.attestation(id)),
  ];
};
