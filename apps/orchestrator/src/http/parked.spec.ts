import { describe, expect, it } from 'vitest';
import { createMemoryEventStore } from '#adapters/memory';
import { eventIdOf, streamName } from '#events';
import { type Booted, boot, furnished, newId } from '../../../../test/orchestrator/booted.ts';
import { requested, teller, vmId } from '../../../../test/orchestrator/told.ts';

/** A cluster whose read model cannot read one event of one VM, and that VM's events behind it. */
const stuck = async () => {
  const store = createMemoryEventStore();
  const told = teller(store);
  await told.vm(vmId('a'), requested('a', 'ann'));
  await told.rawVm(vmId('a'), { type: 'VmTeleported', version: 1, data: { to: 'mars' } });
  await told.vm(vmId('a'), { type: 'VmTerminated', diskRemoved: false });
  await told.vm(vmId('b'), requested('b', 'ann'));
  const api = await boot({ store });
  const [, bad] = await store.readStream(streamName('vm', vmId('a')));
  await expect.poll(() => parked(api, 'consumer=read-model')).toHaveLength(1);
  return { api, store, eventId: bad?.eventId ?? expect.fail('no event') };
};

const parked = async ({ must }: Booted, query: string) => (await must('GET', `/v1/parked?${query}`)).body.items;

describe('parked events over HTTP', () => {
  it('given a stream that the read model cannot follow, then what is shown of it says since when and why; another does not', async () => {
    const { api, eventId } = await stuck();
    const shown = (await api.must('GET', `/v1/vms/${vmId('a')}`)).body;
    expect(shown).toMatchObject({
      revision: '0',
      stale: {
        eventId,
        eventType: 'VmTeleported',
        revision: '1',
        reason: expect.stringContaining('no such event type'),
      },
    });
    expect(Date.parse(shown.stale.since)).toBeGreaterThan(0);
    const { items } = (await api.must('GET', '/v1/vms')).body;
    expect(items.map((vm: { name: string; stale: unknown }) => [vm.name, vm.stale === null])).toEqual([
      ['a', false],
      ['b', true],
    ]);
  });

  it('given a VM whose first event cannot be read, then it is said to be there and not followed, with what to do, to those who may see it', async () => {
    const store = createMemoryEventStore();
    const api = await boot({ store });
    const [ann, bob] = [await furnished(api), await furnished(api)];
    const data = { vmId: vmId('n'), accountId: ann.accountId, colour: 'of tomorrow' };
    await teller(store).rawVm(vmId('n'), { type: 'VmRequested', version: 99, data });
    await expect.poll(() => parked(api, 'consumer=read-model')).toHaveLength(1);
    const [first] = await store.readStream(streamName('vm', vmId('n')));
    const [hers, his] = await Promise.all(
      [ann, bob].map(({ owner }) => api.call('GET', `/v1/vms/${vmId('n')}`, { token: owner })),
    );
    expect(hers).toMatchObject({
      status: 503,
      body: {
        code: 'stream-not-followed',
        detail: expect.stringContaining('VmRequested at revision 0'),
        stale: { eventId: first?.eventId, revision: '0' },
        fix: expect.stringContaining(`hcc parked skip ${first?.eventId} --consumer read-model --reason`),
      },
    });
    expect(his).toMatchObject({ status: 404, body: { code: 'vm-not-found' } });
    expect(await api.call('GET', `/v1/vms/${newId()}`)).toMatchObject({ status: 404 });

    await api.must('POST', `/v1/parked/read-model/${first?.eventId}/skip`, { body: { reason: 'a test build' } });
    await expect.poll(() => parked(api, 'consumer=read-model')).toHaveLength(0);
    await expect.poll(async () => (await api.call('GET', `/v1/vms/${vmId('n')}`)).status).toBe(404);
  });

  it('given a parked event, then it is shown with its tries, its times and the event itself', async () => {
    const { api, eventId } = await stuck();
    const { body } = await api.must('GET', `/v1/parked/read-model/${eventId}`);
    expect(body).toMatchObject({
      ...{ consumer: 'read-model', status: 'parked', attempts: 1, blocks: true, retryAsked: null, skipped: null },
      event: { eventId, type: 'VmTeleported', data: { to: 'mars' } },
    });
    expect(await api.call('GET', `/v1/parked/read-model/${newId()}`)).toMatchObject({
      ...{ status: 404, body: { code: 'parked-event-not-found' } },
    });
  });

  it('given a skip, then the running read model goes on with the rest of the stream, and the skip is on record with who and why', async () => {
    const { api, eventId } = await stuck();
    const path = `/v1/parked/read-model/${eventId}`;
    const skipped = await api.must('POST', `${path}/skip`, { body: { reason: 'a test build' } });
    expect(skipped).toMatchObject({ status: 202, body: { events: ['ParkedEventSkipped'] } });
    const { body } = await api.must('GET', `/v1/vms/${vmId('a')}?atLeast=${skipped.body.position}`);
    expect(body).toMatchObject({ revision: '2', observed: 'terminated', stale: null });
    const [tokenId] = api.operator.slice('hcc_'.length).split('_');
    expect(await parked(api, 'status=skipped')).toMatchObject([
      { eventId, status: 'skipped', skipped: { by: `operator:${tokenId}`, reason: 'a test build' } },
    ]);
    expect(await parked(api, 'consumer=read-model')).toEqual([]);
    // The same place again: whoever repeats a skip reads on from there, too.
    const { revision, position } = skipped.body;
    expect(await api.must('POST', `${path}/skip`, { body: { reason: 'again' } })).toMatchObject({
      ...{ status: 200, body: { events: [], revision, position } },
    });
    expect(await api.call('POST', `${path}/retry`)).toMatchObject({ status: 404 });
  });

  it('given a retry, then the running consumer tries again without a restart and says what came of it', async () => {
    const { api, eventId } = await stuck();
    const path = `/v1/parked/read-model/${eventId}`;
    await api.must('POST', `${path}/retry`);
    await expect.poll(async () => (await api.must('GET', path)).body).toMatchObject({ attempts: 2, retryAsked: null });
  });

  it('given all that is parked, then the preview says how much, over what range and how old, and its revision bounds the retry', async () => {
    const { api } = await stuck();
    const { body: preview } = await api.must('GET', '/v1/parked/read-model');
    expect(preview).toMatchObject({ parked: 1, retryable: 1, retryAsked: 0, skipped: 0, throughRevision: '0' });
    expect(preview.firstPosition).toBe(preview.lastPosition);
    const asked = await api.must('POST', '/v1/parked/read-model/retry', {
      body: { throughRevision: preview.throughRevision },
    });
    expect(asked.body.events).toEqual(['ParkedEventsRetryRequested']);
    await expect
      .poll(async () => (await api.must('GET', '/v1/parked/read-model')).body)
      .toMatchObject({ parked: 1, retryAsked: 0 });
    expect(await parked(api, 'consumer=read-model')).toMatchObject([{ attempts: 2 }]);
  });

  it('given an owner, a skip without a reason, or a consumer that nobody has, then it is refused by name', async () => {
    const { api, eventId } = await stuck();
    const { owner } = await furnished(api);
    const path = `/v1/parked/read-model/${eventId}`;
    const forbidden = { status: 403, body: { code: 'forbidden' } };
    expect(await api.call('GET', '/v1/parked', { token: owner })).toMatchObject(forbidden);
    expect(await api.call('POST', `${path}/skip`, { token: owner, body: { reason: 'x' } })).toMatchObject(forbidden);
    expect(await api.call('POST', `${path}/skip`, { body: { reason: ' ' } })).toMatchObject({ status: 400 });
    const nobody = `/v1/parked/nobody/${eventIdOf('x', 0)}/retry`;
    expect(await api.call('POST', nobody)).toMatchObject({ status: 404, body: { code: 'parked-event-not-found' } });
  });

  it('given many parked events, then they are read by pages, each once', async () => {
    const store = createMemoryEventStore();
    const told = teller(store);
    for (let each = 0; each < 7; each += 1)
      await told.rawVm(vmId(`v${each}`), { type: 'VmTeleported', version: 1, data: {} });
    const api = await boot({ store });
    const of = 'consumer=read-model&limit=3';
    await expect.poll(async () => (await api.must('GET', '/v1/parked/read-model')).body.parked).toBe(7);
    await api.must('GET', `/v1/parked?atLeast=${await store.head()}`);
    const seen = new Set<string>();
    for (let after = ''; ; ) {
      const { body } = await api.must('GET', `/v1/parked?${of}${after}`);
      for (const { eventId } of body.items) seen.add(eventId);
      if (body.next === null) break;
      after = `&after=${encodeURIComponent(body.next)}`;
    }
    expect(seen.size).toBe(7);
  });
});
