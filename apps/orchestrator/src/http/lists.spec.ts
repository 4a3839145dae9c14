import { describe, expect, it } from 'vitest';
import { createMemoryEventStore } from '#adapters/memory';
import { type Booted, boot, furnished, newId } from '../../../../test/orchestrator/booted.ts';
import { accountId, minerId, nano, requested, teller, uuid, vmId } from '../../../../test/orchestrator/told.ts';

const idsOf = (items: readonly { readonly vmId: string }[]) => items.map((item) => item.vmId);

/** A network with some history, whose read model has seen all of it. */
const told = async () => {
  const store = createMemoryEventStore();
  const tell = teller(store);
  await tell.miner(minerId('m'), {
    ...{ type: 'MinerInvited', minerId: minerId('m'), name: 'berlin-1' },
    ...{ joinTokenSha256: 'a'.repeat(64), expiresAt: Date.UTC(2026, 0, 2) },
  });
  await tell.miner(
    minerId('n'),
    { type: 'MinerInvited', minerId: minerId('n'), name: 'n', joinTokenSha256: 'b'.repeat(64), expiresAt: 1 },
    { type: 'MinerEnrolled', natsPublicKey: `U${'A'.repeat(55)}` },
    {
      ...{ type: 'MinerAttached', agentEpoch: 1, agentVersion: '1', hostBootId: uuid('b') },
      ...{ accelerator: 'kvm', platform: 'none', cpuModel: 'x' },
    },
    { type: 'CapacityDeclared', capacity: nano },
  );
  for (const name of ['a', 'b', 'c', 'd']) await tell.vm(vmId(name), requested(name, 'ann'));
  await tell.vm(vmId('b'), { type: 'VmRefused', code: 'insufficient-credits', detail: 'too few' });
  const api = await boot({ store });
  const head = await store.head();
  const list = async (path: string) => (await api.must('GET', `${path}&atLeast=${head}`)).body;
  return { api, tell, list, store };
};

/** Follows `next` to the end. */
const walk = async ({ must }: Booted, path: string, between: () => Promise<unknown> = async () => undefined) => {
  const items = [];
  let after = '';
  for (let pages = 0; pages < 50; pages += 1) {
    const { body } = await must('GET', `${path}${after}`);
    items.push(...body.items);
    if (body.next === null) return items;
    after = `&after=${encodeURIComponent(body.next)}`;
    await between();
  }
  throw new Error('a list that does not end');
};

describe('lists', () => {
  it('given more than a page, when things are made between the pages, then each is listed once, in order of age', async () => {
    const api = await boot();
    const made: string[] = [];
    const open = async () => {
      const id = newId();
      const { body } = await api.must('POST', '/v1/accounts', { body: { accountId: id, name: `a${made.length}` } });
      await api.must('GET', `/v1/accounts?atLeast=${body.position}`);
      made.push(id);
    };
    for (let count = 0; count < 5; count += 1) await open();
    const items = await walk(api, '/v1/accounts?limit=2', async () => {
      if (made.length < 8) await open();
    });
    expect(items.map((account: { accountId: string }) => account.accountId)).toEqual(made);
  });

  it('given VMs, then they are listed by state, name, flavor and miner, and page by page with a filter', async () => {
    const { api, list } = await told();
    expect(idsOf((await list('/v1/vms?observed=refused')).items)).toEqual([vmId('b')]);
    expect(idsOf((await list('/v1/vms?name=c')).items)).toEqual([vmId('c')]);
    expect((await list(`/v1/vms?flavorId=nano&accountId=${accountId('ann')}`)).items).toHaveLength(4);
    expect((await list('/v1/vms?flavorId=huge')).items).toEqual([]);
    expect((await list(`/v1/vms?minerId=${minerId('m')}`)).items).toEqual([]);
    const waiting = await walk(api, '/v1/vms?flavorId=nano&limit=3');
    expect(idsOf(waiting)).toEqual(['a', 'b', 'c', 'd'].map(vmId));
  });

  it('given miners, then they are listed by status, eligibility and name', async () => {
    const { list } = await told();
    const names = async (query: string) =>
      (await list(`/v1/miners?${query}`)).items.map(({ name }: { name: string }) => name);
    expect(await names('status=invited')).toEqual(['berlin-1']);
    expect(await names('eligible=true')).toEqual(['n']);
    expect(await names('eligible=false')).toEqual(['berlin-1']);
    expect(await names('name=berlin-1')).toEqual(['berlin-1']);
  });

  it('given accounts and streams, then by name and by category; an owner has only its own', async () => {
    const { api } = await told();
    const { accountId: own, owner } = await furnished(api);
    const named = await api.must('GET', '/v1/accounts?name=Ann', { token: owner });
    expect(named.body.items).toMatchObject([{ accountId: own }]);
    expect((await api.must('GET', '/v1/accounts?name=Bob', { token: owner })).body.items).toEqual([]);
    const streams = (await api.must('GET', '/v1/streams?category=miner')).body.items;
    expect(streams.map(({ stream }: { stream: string }) => stream).sort()).toEqual(
      [`miner-${minerId('m')}`, `miner-${minerId('n')}`].sort(),
    );
  });

  it.each([
    ['/v1/vms?observed=sleeping', 'observed'],
    ['/v1/vms?minerId=m', 'minerId'],
    ['/v1/miners?status=gone', 'status'],
    ['/v1/miners?eligible=yes', 'eligible'],
    ['/v1/streams?category=user', 'category'],
    ['/v1/vms?limit=0', 'limit'],
    ['/v1/vms?limit=1001', 'limit'],
    ['/v1/vms?after=x', 'after'],
    ['/v1/accounts?after=Li4vLi4', 'after'],
  ])('given %s, then it is refused and %s is named', async (path, field) => {
    const { call } = await boot();
    const answer = await call('GET', path);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-request', errors: [{ path: field }] } });
  });
});
