import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createMemoryEventStore } from '#adapters/memory';
import { createRandomIds, createSystemClock } from '#adapters/system';
import { silentLog } from '#edge';
import { createConsumer, type EventStore, type Skipped, type StreamName } from '#events';
import { requested, teller, vmId } from '../../../../test/orchestrator/told.ts';
import { readModelVersion } from './model-file.ts';
import { openReadModel } from './read-model.ts';
import { createRebuilds } from './rebuilds.ts';

const clock = createSystemClock();
const terminated = { type: 'VmTerminated', diskRemoved: false } as const;

/** A read model kept live over a store, and rebuilds of it. `dir` may be opened again by a later life. */
const live = async (
  store: EventStore,
  over: { readonly skipped?: ReadonlyMap<string, Skipped>; readonly dir?: string } = {},
) => {
  const dir = over.dir ?? mkdtempSync(join(tmpdir(), 'hcc-rb-'));
  const model = await openReadModel({ dir, store, log: silentLog });
  const consumer = createConsumer({ name: 'read-model', store, clock, sink: model.sink, log: silentLog });
  const rebuilds = createRebuilds({
    ...{ model, log: store, clock, ids: createRandomIds(), tell: silentLog },
    skipped: async () => over.skipped ?? new Map(),
    isBlocked: (stream: StreamName) => consumer.blocking(stream) !== null,
  });
  const caughtUp = async () => {
    while ((await consumer.runOnce()) > 0);
  };
  onTestFinished(async () => {
    await rebuilds.stop();
    model.close();
    rmSync(dir, { recursive: true, force: true });
  });
  await caughtUp();
  const ended = () =>
    expect.poll(() => rebuilds.latest()?.endedAt ?? null, { interval: 5, timeout: 20_000 }).not.toBeNull();
  return { dir, model, consumer, rebuilds, caughtUp, ended, files: () => readdirSync(dir).sort() };
};

/** A store with so many VMs of three events each. */
const storeOf = async (vms: number): Promise<{ store: EventStore; told: ReturnType<typeof teller> }> => {
  const store = createMemoryEventStore();
  const told = teller(store);
  for (let n = 0; n < vms; n += 1) {
    await told.vm(vmId(`v${n}`), requested(`v${n}`, 'ann'), { type: 'VmStartRequested' }, terminated);
  }
  return { store, told };
};

/** A store whose reader waits after each page until it is let on. */
const stepped = (store: EventStore) => {
  let waiting: (() => void)[] = [];
  let isOpen = false;
  return {
    store: {
      ...store,
      readAllBare: async (options: Parameters<EventStore['readAllBare']>[0]) => {
        if (!isOpen) await new Promise<void>((resolve) => waiting.push(resolve));
        return store.readAllBare({ ...options, limit: 5 });
      },
    },
    isWaiting: () => waiting.length > 0,
    letOn: () => {
      isOpen = true;
      for (const go of waiting) go();
      waiting = [];
    },
  };
};

describe('a rebuild', () => {
  it('given a read model whose rows went wrong, then it is rebuilt beside, shown without a gap, and kept at the next start', async () => {
    const { store, told } = await storeOf(30);
    const { dir, model, rebuilds, ended, files, caughtUp } = await live(store);
    model.db.exec("DELETE FROM vms WHERE vm_id > '8'; UPDATE streams SET category = 'wrong'");
    const { rows } = model;
    rebuilds.start({ dryRun: false, by: 'operator:o' });
    await ended();
    expect(rebuilds.latest()).toMatchObject({ state: 'shown', events: 90, errors: 0, code: null, by: 'operator:o' });
    expect(rows.vms({}, { after: null, limit: 100 }).rows).toHaveLength(30);
    expect(files().filter((name) => name.endsWith('.sqlite'))).toEqual([`read-model-v${readModelVersion}-r1.sqlite`]);

    await told.vm(vmId('later'), requested('later', 'ann'));
    await caughtUp();
    expect(rows.vm(vmId('later'))?.vm.name).toBe('later');
    model.close();
    const again = await live(store, { dir });
    expect(again.model.rows.vms({}, { after: null, limit: 100 }).rows).toHaveLength(31);
  });

  it('given events recorded while it reads, then none is missing in what it shows, and live goes on from there', async () => {
    const { store, told } = await storeOf(20);
    const reader = stepped(store);
    const { model, caughtUp } = await live(store);
    const rebuilds = createRebuilds({
      ...{ model, log: reader.store, clock, ids: createRandomIds(), tell: silentLog },
      skipped: async () => new Map(),
      isBlocked: () => false,
    });
    rebuilds.start({ dryRun: false, by: 'operator:o' });
    await expect.poll(reader.isWaiting).toBe(true);
    await told.vm(vmId('new'), requested('new', 'ann'));
    await caughtUp();
    expect(model.rows.vm(vmId('new'))?.vm.name).toBe('new');
    reader.letOn();
    await expect.poll(() => rebuilds.latest()?.state).toBe('shown');
    await told.vm(vmId('new'), terminated);
    await caughtUp();
    expect(model.rows.vm(vmId('new'))?.vm.observed).toBe('terminated');
    expect(model.rows.streams(null, { after: null, limit: 100 }).rows).toHaveLength(21);
  });

  it('given one that runs, when another is asked for, then that is refused by name; cancelled, nothing of it is left, and it may be begun again', async () => {
    const { store } = await storeOf(20);
    const reader = stepped(store);
    const { model, files } = await live(store);
    const rebuilds = createRebuilds({
      ...{ model, log: reader.store, clock, ids: createRandomIds(), tell: silentLog },
      skipped: async () => new Map(),
      isBlocked: () => false,
    });
    const before = files();
    await expect(rebuilds.cancel()).rejects.toMatchObject({ code: 'no-rebuild-running' });
    const first = rebuilds.start({ dryRun: false, by: 'operator:o' });
    expect(() => rebuilds.start({ dryRun: true, by: 'operator:p' })).toThrow(
      expect.objectContaining({ code: 'rebuild-running', message: expect.stringContaining(first.rebuildId) }),
    );
    await expect.poll(reader.isWaiting).toBe(true);
    expect(files()).toContain(`read-model-v${readModelVersion}-r1.sqlite`);
    const cancelling = rebuilds.cancel();
    reader.letOn();
    expect(await cancelling).toMatchObject({ state: 'cancelled', rebuildId: first.rebuildId });
    expect(files()).toEqual(before);
    expect(model.rows.vms({}, { after: null, limit: 100 }).rows).toHaveLength(20);

    rebuilds.start({ dryRun: false, by: 'operator:o' });
    await expect.poll(() => rebuilds.latest()?.state).toBe('shown');
    expect(rebuilds.latest()?.rebuildId).not.toBe(first.rebuildId);
  });

  it('given a process that died in the middle of one, then the next life removes what it left and shows what it had', async () => {
    const { store } = await storeOf(3);
    const { dir, model } = await live(store);
    const left = model.beside();
    left.close();
    expect(existsSync(left.file)).toBe(true);
    const again = await live(store, { dir });
    expect(existsSync(left.file)).toBe(false);
    expect(again.model.rows.vms({}, { after: null, limit: 10 }).rows).toHaveLength(3);
  });
});

describe('a dry run', () => {
  it('given live as it should be, then it finds no difference, and changes nothing', async () => {
    const { store } = await storeOf(30);
    const { rebuilds, ended, files } = await live(store);
    const [before, head] = [files(), await store.head()];
    rebuilds.start({ dryRun: true, by: 'operator:o' });
    await ended();
    expect(rebuilds.latest()).toMatchObject({ state: 'compared', differences: { rows: 73, different: 0, first: [] } });
    expect(files()).toEqual(before);
    expect(await store.head()).toBe(head);
  });

  it('given rows that went wrong, then each is named with its table and key, and live is left as it is', async () => {
    const { store } = await storeOf(3);
    const { model, rebuilds, ended } = await live(store);
    model.db.exec(`DELETE FROM vms WHERE vm_id = '${vmId('v0')}'; UPDATE vms SET row = '{}' WHERE vm_id = '${vmId('v1')}';
      INSERT INTO streams (stream, category, events, skipped, last_at) VALUES ('vm-ghost', 'vm', 1, 0, '')`);
    rebuilds.start({ dryRun: true, by: 'operator:o' });
    await ended();
    const { differences } = rebuilds.latest() ?? {};
    expect(differences?.different).toBe(3);
    expect(differences?.first).toEqual(
      expect.arrayContaining([
        { table: 'vms', key: vmId('v0'), what: 'missing' },
        { table: 'vms', key: vmId('v1'), what: 'other' },
        { table: 'streams', key: 'vm-ghost', what: 'extra' },
      ]),
    );
    expect(model.rows.vm(vmId('v0'))).toBeNull();
  });
});

describe('events that cannot be folded', () => {
  const unreadable = { type: 'VmTeleported', version: 1, data: {} };

  it('given one that live has parked, then its stream stands still in both, and the rebuild is shown', async () => {
    const { store, told } = await storeOf(2);
    await told.rawVm(vmId('v0'), unreadable);
    await told.vm(vmId('v0'), terminated);
    const { model, rebuilds, ended, caughtUp } = await live(store);
    await caughtUp();
    rebuilds.start({ dryRun: false, by: 'operator:o' });
    await ended();
    expect(rebuilds.latest()).toMatchObject({
      state: 'shown',
      errors: 1,
      firstErrors: [{ eventType: 'VmTeleported' }],
    });
    expect(model.rows.vm(vmId('v0'))?.revision).toBe('2');
  });

  it('given one that live has not met, then it is named, nothing is parked for it, and live stays', async () => {
    const { store, told } = await storeOf(2);
    const { rebuilds, ended, files } = await live(store);
    await told.rawVm(vmId('v0'), unreadable);
    const head = await store.head();
    const before = files();
    rebuilds.start({ dryRun: false, by: 'operator:o' });
    await ended();
    expect(rebuilds.latest()).toMatchObject({
      ...{ state: 'failed', code: 'cannot-fold', errors: 1 },
      detail: expect.stringContaining(`vm-${vmId('v0')} at revision 3 (VmTeleported)`),
    });
    expect([files(), await store.head()]).toEqual([before, head]);
  });

  it('given one that somebody decided to skip, then the rebuild goes past it', async () => {
    const { store, told } = await storeOf(1);
    await told.rawVm(vmId('v0'), unreadable);
    await told.vm(vmId('v0'), { type: 'VmStartRequested' });
    const skipped = new Map(
      (await store.readAll()).events
        .filter(({ type }) => type === unreadable.type)
        .map(({ eventId, stream, revision }) => [eventId, { stream, revision }]),
    );
    const { model, rebuilds, ended } = await live(store, { skipped });
    rebuilds.start({ dryRun: false, by: 'operator:o' });
    await ended();
    expect(rebuilds.latest()).toMatchObject({ state: 'shown', errors: 0 });
    expect(model.rows.vm(vmId('v0'))?.revision).toBe('4');
  });
});
