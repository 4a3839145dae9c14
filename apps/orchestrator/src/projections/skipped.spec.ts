import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createManualClock, createMemoryEventStore } from '#adapters/memory';
import { credits, type TokenId } from '#domain';
import { type Log, silentLog } from '#edge';
import { createConsumer, type EventStore, handleParked, type RecordedEvent, skippedEvents } from '#events';
import { accountId, minerId, requested, teller, uuid, vmId } from '../../../../test/orchestrator/told.ts';
import { compareRows } from './compare.ts';
import { createFill } from './fill.ts';
import { openReadModel, type ReadModel } from './read-model.ts';

const clock = createManualClock();
const never = new AbortController().signal;
const deadlineAt = Date.UTC(2026, 0, 2);
const [ann, web, mine] = [accountId('ann'), vmId('web'), minerId('mine')];

/** The log as an older build reads it: it does not know the newest version of some types. */
const asOlderBuild = (store: EventStore, ...types: readonly string[]): EventStore => {
  const seen = (events: readonly RecordedEvent[]) =>
    events.map((event) => (types.includes(event.type) ? { ...event, version: 1_000 } : event));
  const readAll: EventStore['readAll'] = async (options) => {
    const page = await store.readAll(options);
    return { ...page, events: seen(page.events) };
  };
  return {
    ...store,
    ...{ readAll, readAllBare: readAll },
    readStream: async (stream, options) => seen(await store.readStream(stream, options)),
  };
};

/** One replica's read model, in a directory that outlives its processes. */
const replica = async () => {
  const dir = mkdtempSync(join(tmpdir(), 'hcc-sk-'));
  let model: ReadModel | null = null;
  onTestFinished(() => {
    model?.close();
    rmSync(dir, { recursive: true, force: true });
  });
  /** A new process, over the log as its build sees it, that runs until it has seen everything. */
  return async (seen: EventStore, log: Log = silentLog): Promise<ReadModel> => {
    model?.close();
    model = await openReadModel({ dir, store: seen, log: silentLog });
    const { sink } = model;
    const consumer = createConsumer({ name: 'read-model', store: seen, clock, sink, log });
    while ((await consumer.runOnce()) > 0);
    return model;
  };
};

/** An account, a VM and a miner, and a later event of each. */
const world = async () => {
  const store = createMemoryEventStore();
  const told = teller(store);
  const tokenId = uuid('token') as TokenId;
  await told.account(
    ann,
    { type: 'AccountOpened', accountId: ann, name: 'Ann' },
    { type: 'ApiTokenIssued', tokenId, role: 'owner', sha256: 'e'.repeat(64), label: 'laptop' },
  );
  await told.vm(web, requested('web', 'ann'), { type: 'VmStopRequested', reason: 'lunch', deadlineAt });
  const invited = { minerId: mine, name: 'mine', joinTokenSha256: 'a'.repeat(64), expiresAt: deadlineAt };
  await told.miner(mine, { type: 'MinerInvited', ...invited });
  const idOf = async (type: string): Promise<string> => {
    const found = (await store.readAll()).events.find((event) => event.type === type);
    if (found === undefined) throw new Error(`no ${type} was told`);
    return found.eventId;
  };
  const decide = async (type: 'SkipParkedEvent' | 'RetryParkedEvent', eventType: string) => {
    const eventId = await idOf(eventType);
    const meta = {
      commandId: uuid(`${type} ${eventType}`),
      actor: 'operator:olga' as const,
      correlationId: 'c',
      causationId: 'c',
    };
    const command = { type, eventId, reason: 'nobody needs it', now: clock.now() } as const;
    await handleParked({ store, clock }, 'read-model', command, { ...meta, traceparent: null });
  };
  return { store, told, tokenId, decide };
};

/** Live rows held against what a rebuild by the newest build makes of the whole log. */
const differences = async (store: EventStore, live: ReadModel) => {
  const green = live.beside();
  const fill = createFill(store, green, () => skippedEvents({ store, clock }, 'read-model'));
  await fill.on(never);
  const { different, first } = await compareRows(live.db, green.db, never);
  green.close();
  return { different, first };
};

const same = { different: 0, first: [] };

describe('a stream that is held back', () => {
  const minutes = { from: '2026', to: '2027', order: 'oldest-first', past: null } as const;
  const counted = ({ rows }: ReadModel) =>
    (['VmRequested', 'VmStopRequested', 'VmStartRequested'] as const).map((key) =>
      rows.auditSpans({ kind: 'type', key, ...minutes }, 10).reduce((sum, { events }) => sum + events, 0),
    );
  const ofAnn = ({ rows }: ReadModel) => rows.auditSpans({ kind: 'account', key: ann, ...minutes }, 10)[0]?.events;

  it.each(['VmRequested', 'VmStopRequested'])(
    'given %s, then the audit counts each of its actions once: held back, after a restart, and once the stream goes on; live = rebuilt',
    async (type) => {
      const { store, told, decide } = await world();
      const old = asOlderBuild(store, type);
      const run = await replica();
      expect([counted(await run(old)), ofAnn(await run(old))]).toEqual([[1, 1, 0], 4]);
      await told.vm(web, { type: 'VmStartRequested' });
      const held = await run(old);
      expect([counted(held), ofAnn(held), held.rows.vmOwner(web)]).toEqual([[1, 1, 1], 5, ann]);
      expect(await differences(old, held)).toEqual(same);
      await decide('RetryParkedEvent', type);
      const goesOn = await run(store);
      expect(goesOn.rows.vm(web)?.vm.desired).toBe('running');
      expect([counted(goesOn), ofAnn(goesOn)]).toEqual([[1, 1, 1], 5]);
      expect(goesOn.db.prepare('SELECT count(*) FROM held_back').pluck().get()).toBe(0);
      expect(await differences(store, goesOn)).toEqual(same);
    },
  );

  it('given it is skipped, then the audit has each of its actions once', async () => {
    const { store, told, decide } = await world();
    const old = asOlderBuild(store, 'VmStopRequested');
    const run = await replica();
    await told.vm(web, { type: 'VmStartRequested' });
    await run(old);
    await decide('SkipParkedEvent', 'VmStopRequested');
    const goesOn = await run(old);
    expect([counted(goesOn), ofAnn(goesOn)]).toEqual([[1, 1, 1], 5]);
    expect(await differences(old, goesOn)).toEqual(same);
  });
});

describe('an event that an older build did not know, and somebody skipped', () => {
  it.each([
    ['VmRequested', 'vms'],
    ['MinerInvited', 'miners'],
    ['ApiTokenIssued', 'tokens'],
  ])(
    'given %s, then live = rebuilt in every replica: of the older build, of a newer one that had shown it, of one that was away, of one far behind',
    async (type, table) => {
      const { store, told, decide } = await world();
      const old = asOlderBuild(store, type);
      const [older, newer, away, behind] = [await replica(), await replica(), await replica(), await replica()];
      const count = (model: ReadModel) => model.db.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
      expect(count(await newer(store))).toBe(1);
      await away(store);
      expect(count(await older(old))).toBe(0);
      await decide('SkipParkedEvent', type);
      await told.vm(web, { type: 'VmStartRequested' });
      await told.account(ann, {
        ...{ type: 'CreditsDeposited', depositId: uuid('d') as never, amount: credits(1n) },
        ...{ source: 'operator-grant', note: '' },
      });
      for (const [name, run, seen] of [
        ['older', older, old],
        ['newer', newer, store],
        ['away', away, store],
        ['behind', behind, store],
        ['older, of today', older, store],
      ] as const) {
        const live = await run(seen);
        expect([name, count(live), await differences(store, live)]).toEqual([name, 0, same]);
      }
    },
  );

  it('given a request, then it still says whose the VM was, and the audit finds it by its own name', async () => {
    const { store, decide } = await world();
    const older = await replica();
    await older(asOlderBuild(store, 'VmRequested'));
    await decide('SkipParkedEvent', 'VmRequested');
    const { rows } = await older(asOlderBuild(store, 'VmRequested'));
    expect(rows.vm(web)).toBeNull();
    expect(rows.vmOwner(web)).toBe(ann);
    const minutes = { from: '2026', to: '2027', order: 'oldest-first', past: null } as const;
    expect(rows.auditSpans({ kind: 'type', key: 'VmRequested', ...minutes }, 10)).toMatchObject([{ events: 1 }]);
  });

  it('given a newer build that had shown it and cannot read the rest any more, then it says so and makes it right at the next start', async () => {
    const { store, decide } = await world();
    const [older, newer] = [await replica(), await replica()];
    await newer(store);
    await older(asOlderBuild(store, 'VmRequested'));
    await decide('SkipParkedEvent', 'VmRequested');
    // Somebody went back to a build of before the rest of the stream.
    const said: string[] = [];
    const back = await newer(asOlderBuild(store, 'VmStopRequested'), (_, message) => said.push(message));
    expect(said).toContain('stream still shows a skipped event');
    expect(back.rows.vm(web)).not.toBeNull();
    const live = await newer(store);
    expect(live.rows.vm(web)).toBeNull();
    expect(await differences(store, live)).toEqual(same);
  });

  it('given a rebuild that began before it was skipped, then it is shown without the event', async () => {
    const { store, decide } = await world();
    const [older, newer] = [await replica(), await replica()];
    const live = await newer(store);
    await older(asOlderBuild(store, 'VmRequested'));
    const green = live.beside();
    const fill = createFill(store, green, () => skippedEvents({ store, clock }, 'read-model'));
    await fill.on(never);
    expect(green.rows.vm(web)).not.toBeNull();
    await decide('SkipParkedEvent', 'VmRequested');
    await fill.on(never);
    expect(green.rows.vm(web)).toBeNull();
    green.close();
  });
});
