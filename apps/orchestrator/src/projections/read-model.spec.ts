import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createMemoryEventStore } from '#adapters/memory';
import { credits, type DepositId } from '#domain';
import { silentLog } from '#edge';
import type { EventStore } from '#events';
import {
  accountId,
  caughtUp,
  minerId,
  nano,
  requested,
  type teller as Teller,
  teller,
  uuid,
  vmId,
} from '../../../../test/orchestrator/told.ts';
import { createModelFile, finish, openModelFile, readModelVersion } from './model-file.ts';
import { openReadModel } from './read-model.ts';

const freshDir = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'hcc-rm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};

/** Every row of every table, as text. */
const dump = (db: Database): Readonly<Record<string, readonly unknown[]>> => {
  const tables = db.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").pluck();
  return Object.fromEntries(
    tables.all().map((table) => [table, db.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).all()]),
  );
};

/** The read model of a store, live through `steps` of telling and dying. */
const liveThrough = async (store: EventStore, steps: readonly Step[]): Promise<string> => {
  const dir = freshDir();
  let model = await openReadModel({ dir, store, log: silentLog });
  const told = teller(store);
  for (const [index, step] of steps.entries()) {
    if (step.what === 'tell') await step.event(told, index);
    if (step.what === 'catch-up') await caughtUp(model, store);
    if (step.what === 'die') {
      // Half a page was folded, nothing of it committed; the process is gone.
      const after = await model.sink.load();
      for (const event of (await store.readAll({ after, limit: 3 })).events) await fold(model.sink, event);
      model.close();
      model = await openReadModel({ dir, store, log: silentLog });
    }
  }
  await caughtUp(model, store);
  model.close();
  return dir;
};

type Sink = Awaited<ReturnType<typeof openReadModel>>['sink'];
const fold = async (sink: Sink, event: Parameters<Sink['apply']>[0]): Promise<void> => {
  try {
    await sink.apply(event);
  } catch {
    // What cannot be read is the consumer's to park; here the process dies anyway.
  }
};

type Tell = (told: ReturnType<typeof Teller>, index: number) => Promise<void>;
type Step = { readonly what: 'catch-up' | 'die' } | { readonly what: 'tell'; readonly event: Tell };

const deadlineAt = Date.UTC(2026, 0, 2);
const names = fc.constantFrom('a', 'b', 'c');
const events: fc.Arbitrary<Tell> = fc.oneof(
  names.map(
    (name): Tell =>
      (told) =>
        told.vm(vmId(name), requested(name, 'ann')),
  ),
  names.map(
    (name): Tell =>
      (told) =>
        told.vm(vmId(name), { type: 'VmStopRequested', reason: 'r', deadlineAt }),
  ),
  names.map(
    (name): Tell =>
      (told) =>
        told.vm(vmId(name), { type: 'VmPlacementFailed', reasons: { memory: 2 }, snapshotPosition: 'p' }),
  ),
  names.map(
    (name): Tell =>
      (told) =>
        told.rawVm(vmId(name), { type: 'VmTeleported', version: 1, data: {} }),
  ),
  names.map(
    (name): Tell =>
      (told) =>
        told.account(accountId(name), { type: 'AccountOpened', accountId: accountId(name), name }),
  ),
  names.map(
    (name): Tell =>
      (told, index) =>
        told.account(accountId(name), {
          type: 'CreditsDeposited',
          depositId: uuid(`d${index}`) as DepositId,
          amount: credits(BigInt(index)),
          source: 'operator-grant',
          note: '',
        }),
  ),
  names.map(
    (name): Tell =>
      (told, index) =>
        told.miner(minerId(name), { type: 'AllocationReserved', vmId: vmId(name), generation: index, size: nano }),
  ),
  names.map(
    (name): Tell =>
      (told) =>
        told.miner(minerId(name), {
          type: 'MinerInvited',
          minerId: minerId(name),
          name,
          joinTokenSha256: 'a'.repeat(64),
          expiresAt: deadlineAt,
        }),
  ),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: events.map((event) => ({ what: 'tell', event }) as const) },
  { weight: 2, arbitrary: fc.constant({ what: 'catch-up' } as const) },
  { weight: 1, arbitrary: fc.constant({ what: 'die' } as const) },
);

describe('a damaged file of rows', () => {
  it('given one that is larger than a start has time to read, when it is opened, then its damage is left to who reads it', async () => {
    const store = createMemoryEventStore();
    const model = createModelFile(join(freshDir(), 'rows.sqlite'), store);
    finish(model);
    model.close();
    const bytes = readFileSync(model.file);
    // The last page, of some table: not one that says what the file is and where it stands.
    writeFileSync(model.file, bytes.fill(0xa5, bytes.length - 4_096));
    await expect(openModelFile(model.file, store, bytes.length)).rejects.toThrow('it is damaged');
    (await openModelFile(model.file, store, bytes.length - 1))?.close();
  });
});

describe('read model', () => {
  it('law: live through any history and any deaths = rebuilt from the store, row for row', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const store = createMemoryEventStore();
        const dir = await liveThrough(store, steps);
        const rebuilt = await openReadModel({ dir: freshDir(), store, log: silentLog });
        await caughtUp(rebuilt, store);
        // A rebuild settles and parks anew what it cannot read, which are events as well.
        const live = await openReadModel({ dir, store, log: silentLog });
        await caughtUp(live, store);
        await caughtUp(rebuilt, store);
        const [ours, theirs] = [dump(live.db), dump(rebuilt.db)];
        live.close();
        rebuilt.close();
        expect(theirs).toEqual(ours);
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ['no database at all', 'this is not a database, however long it may be, and never was one'],
    ['cut short', null],
  ])('given a file that is %s, then it is rebuilt with a warning', async (_what, content) => {
    const store = createMemoryEventStore();
    await teller(store).vm(vmId('a'), requested('a', 'ann'));
    const dir = freshDir();
    const before = await openReadModel({ dir, store, log: silentLog });
    await caughtUp(before, store);
    const wanted = dump(before.db);
    before.close();
    const whole = readFileSync(before.file);
    writeFileSync(before.file, content ?? whole.subarray(0, 9_000));

    const warnings: string[] = [];
    const after = await openReadModel({ dir, store, log: (level, message) => warnings.push(`${level} ${message}`) });
    onTestFinished(() => after.close());
    await caughtUp(after, store);
    expect(warnings).toEqual(['warn read model cannot be used: deleted, and rebuilt from the store']);
    expect(dump(after.db)).toEqual(wanted);
  });

  it.each([
    ['of another store', createMemoryEventStore({ storeId: 'other' })],
    ['ahead of its store', createMemoryEventStore()],
  ])('given a file that is %s, then nothing of it is shown', async (_what, other) => {
    const store = createMemoryEventStore();
    await teller(store).vm(vmId('a'), requested('a', 'ann'));
    const dir = freshDir();
    const before = await openReadModel({ dir, store, log: silentLog });
    await caughtUp(before, store);
    before.close();
    const after = await openReadModel({ dir, store: other, log: silentLog });
    onTestFinished(() => after.close());
    expect(dump(after.db)).toMatchObject({ vms: [], streams: [] });
  });

  it('given a file of another version, then it is deleted', async () => {
    const dir = freshDir();
    writeFileSync(join(dir, 'read-model-v0.sqlite'), '');
    const model = await openReadModel({ dir, store: createMemoryEventStore(), log: silentLog });
    onTestFinished(() => model.close());
    expect(readdirSync(dir).filter((name) => name.endsWith('.sqlite'))).toEqual([
      `read-model-v${readModelVersion}.sqlite`,
    ]);
  });
});
