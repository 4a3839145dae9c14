import { describe, expect, it } from 'vitest';
import { createManualClock, createMemoryEventStore } from '#adapters/memory';
import { credits, type HoldId, unmeasured } from '#domain';
import { parseStreamName, streamName } from '#events';
import { boot, furnished, newId } from '../../../../test/orchestrator/booted.ts';
import {
  accountId,
  digest,
  judged,
  manifest,
  minerId,
  nano,
  requested,
  teller,
  uuid,
  vmId,
} from '../../../../test/orchestrator/told.ts';
import { pastListStreamsMax } from './limits.ts';

const second = (n: number): string => `2026-01-01T00:00:${String(n).padStart(2, '0')}.000Z`;
const deadlineAt = Date.UTC(2026, 0, 2);
const ann = accountId('ann');
const web = vmId('web');
const host = minerId('host');

/** A log of seconds: account 0-1, miner 2-3, image 4, VM 5-7, and what else is to be told. */
const told = async (more: (tell: ReturnType<typeof teller>) => Promise<void> = async () => undefined) => {
  const store = createMemoryEventStore();
  const tell = teller(store);
  await tell.account(
    ann,
    { type: 'AccountOpened', accountId: ann, name: 'Ann' },
    { type: 'CreditsHeld', holdId: uuid('hold') as HoldId, vmId: web, amount: credits(1n) },
  );
  await tell.miner(
    host,
    { type: 'MinerInvited', minerId: host, name: 'host', joinTokenSha256: 'a'.repeat(64), expiresAt: deadlineAt },
    { type: 'CapacityDeclared', capacity: nano },
  );
  await tell.image(digest, { type: 'ImageRegistered', digest, manifest, measurements: unmeasured });
  await tell.vm(
    web,
    requested('web', 'ann'),
    { type: 'VmAdmitted', holdId: uuid('hold') as HoldId, deadlineAt },
    { type: 'VmStopRequested', reason: 'lunch', deadlineAt },
  );
  await more(tell);
  return store;
};

const booted = async () => boot({ store: await told(), ground: { clock: createManualClock(Date.UTC(2026, 0, 1, 1)) } });

describe('reading what was', () => {
  it('given a time, then a VM, a miner and an account are as their events up to it say, with what they are as of', async () => {
    const { must, store } = await booted();
    const vm = (at: string) => must('GET', `/v1/vms/${web}?at=${at}`);
    expect((await vm(second(5))).body).toMatchObject({
      observed: 'awaiting-admission',
      desired: 'running',
      sshUser: 'root',
    });
    expect((await vm(second(6))).body).toMatchObject({ observed: 'awaiting-placement', desired: 'running' });
    const last = await vm(second(59));
    expect(last.body).toMatchObject({
      ...{ desired: 'stopped', revision: '2' },
      asOf: { at: second(59), position: expect.stringMatching(/\.\d+$/), revision: '2', recordedAt: second(7) },
    });
    const first = (await store.readAll({ limit: 1 })).events[0]?.position;
    expect((await must('GET', `/v1/accounts/${ann}?at=${first}`)).body).toMatchObject({
      held: '0',
      asOf: { at: first },
    });
    expect((await must('GET', `/v1/accounts/${ann}?at=${second(1)}`)).body.held).toBe('1000000');
    expect((await must('GET', `/v1/miners/${host}?at=${second(2)}`)).body.capacity).not.toEqual(nano);
    const miner = (await must('GET', `/v1/miners/${host}?at=2026-01-01T01:00:30%2B01:00`)).body;
    expect(miner).toMatchObject({ capacity: nano, lastSeenAt: null, asOf: { at: second(30) } });
  });

  it('given no "at", then nothing says that it was', async () => {
    const { must } = await booted();
    await expect.poll(async () => (await must('GET', `/v1/vms/${web}`)).body.asOf).toBeUndefined();
  });

  it.each([
    ['yesterday', 400, 'at-unreadable', /"yesterday", which is neither a time nor a position/],
    ['2026-01-01', 400, 'at-unreadable', /neither a time/],
    ['2026-13-01T00:00:00Z', 400, 'at-unreadable', /neither a time/],
    ['2026-01-01T00:00:00', 400, 'at-unreadable', /neither a time/],
    ['other.1', 400, 'foreign-position', /not of store/],
    ['2025-12-31T23:59:59Z', 422, 'at-before-beginning', /the log begins at 2026-01-01T00:00:00.000Z/],
    ['2026-01-01T01:00:00.001Z', 422, 'at-in-the-future', /it is 2026-01-01T01:00:00.000Z here/],
    ['memory.9000', 422, 'at-in-the-future', /the log ends at memory\./],
  ])('given at=%s, then it is refused by name: %i %s', async (at, status, code, detail) => {
    const { call } = await booted();
    for (const path of [`vms/${web}`, `miners/${host}`, `accounts/${ann}`]) {
      const answer = await call('GET', `/v1/${path}?at=${at}`);
      expect(answer).toMatchObject({ status, body: { code, detail: expect.stringMatching(detail) } });
    }
  });

  it('given a list, then it has what there was then, as it was then, filtered by what it was then', async () => {
    const { must, call } = await booted();
    const list = async (path: string, at: string) => {
      const { items } = (await must('GET', `/v1/${path}${path.includes('?') ? '&' : '?'}at=${at}`)).body;
      return items;
    };
    expect(await list('vms', second(4))).toEqual([]);
    expect(await list('vms', second(5))).toMatchObject([
      { vmId: web, observed: 'awaiting-admission', sshUser: 'root', asOf: { at: second(5), revision: '0' } },
    ]);
    expect(await list('vms?observed=awaiting-admission', second(6))).toEqual([]);
    expect(await list(`vms?accountId=${ann}&name=web&gone=false`, second(59))).toMatchObject([{ desired: 'stopped' }]);
    expect(await list('vms?gone=true', second(59))).toEqual([]);
    expect(await list('miners', second(1))).toEqual([]);
    expect(await list('miners?status=invited&eligible=false', second(2))).toMatchObject([
      { minerId: host, asOf: { revision: '0' } },
    ]);
    expect((await list('miners', second(3)))[0].capacity).toEqual(nano);
    expect(await list('accounts', second(0))).toMatchObject([{ name: 'Ann', held: '0' }]);
    expect(await list('accounts?name=Bob', second(1))).toEqual([]);
    for (const path of ['vms', 'miners', 'accounts']) {
      expect(await call('GET', `/v1/${path}?at=yesterday`)).toMatchObject({
        status: 400,
        body: { code: 'at-unreadable' },
      });
      expect(await call('GET', `/v1/${path}?at=2025-01-01T00:00:00Z`)).toMatchObject({ status: 422 });
    }
  });

  it('given a VM with an event that this server cannot read, then the past has it up to there and says so, and all others are there', async () => {
    const store = await told(async (tell) => {
      await tell.rawVm(web, { type: 'VmRequested', version: 9, data: {} });
      await tell.vm(vmId('other'), requested('other', 'ann'));
    });
    const { must, call } = await boot({ store, ground: { clock: createManualClock(Date.UTC(2026, 0, 1, 1)) } });
    const at = async (path: string, n: number) => (await must('GET', `/v1/${path}?at=${second(n)}`)).body;
    const [stale, other] = (await at('vms', 9)).items;
    expect(stale).toMatchObject({
      ...{ vmId: web, desired: 'stopped', asOf: { revision: '2', recordedAt: second(7) } },
      stale: { eventType: 'VmRequested', revision: '3', since: second(8), reason: expect.stringContaining('version') },
    });
    expect(other).toMatchObject({ vmId: vmId('other'), stale: null });
    expect((await at('vms', 7)).items).toMatchObject([{ vmId: web, stale: null }]);
    expect(await at(`vms/${web}`, 9)).toMatchObject({ stale: { revision: '3' } });
    const upTo = await must('GET', `/v1/vms/${web}/diff?from=${second(5)}&to=${second(9)}`);
    expect(upTo.body).toMatchObject({ stale: { eventType: 'VmRequested', revision: '3' } });
    expect(upTo.body.events).not.toEqual([]);
    const beyond = await call('GET', `/v1/vms/${web}/diff?from=${second(8)}&to=${second(9)}`);
    expect(beyond).toMatchObject({
      ...{ status: 500, body: { code: 'unknown-event', detail: expect.stringContaining(`vm-${web}@3`) } },
    });
  });

  it('given an account, a miner, its verdicts and an image of which an event cannot be read, then lists have what can be', async () => {
    const later = { type: 'OfALaterBuild', version: 1, data: {} };
    const names = [`account-${ann}`, `miner-${host}`, `appraisal-${host}`, `image-${digest}`];
    const store = await told(async (tell) => {
      for (const name of names) await tell.raw(parseStreamName(name) ?? expect.fail(name), later);
    });
    const { must } = await boot({ store, ground: { clock: createManualClock(Date.UTC(2026, 0, 1, 1)) } });
    const list = async (path: string) => (await must('GET', `/v1/${path}?at=${second(59)}`)).body.items;
    const stale = { stale: { eventType: 'OfALaterBuild' } };
    expect(await list('accounts')).toMatchObject([{ name: 'Ann', ...stale }]);
    expect(await list('miners')).toMatchObject([{ minerId: host, ...stale }]);
    expect(await list('vms')).toMatchObject([{ vmId: web, sshUser: 'root', stale: null }]);
  });

  it('given a miner of which an event cannot be read, then its score and its checks of then are up to there, and say so', async () => {
    const later = { type: 'OfALaterBuild', version: 1, data: {} };
    const store = await told(async (tell) => tell.raw(streamName('miner', host), later));
    const { must } = await boot({ store, ground: { clock: createManualClock(Date.UTC(2026, 0, 1, 1)) } });
    const of = async (what: string, at: string) => (await must('GET', `/v1/miners/${host}/${what}?at=${at}`)).body;
    const before = await of('reputation', second(7));
    const stale = { eventType: 'OfALaterBuild', since: second(8), reason: expect.stringContaining(`miner-${host}@`) };
    const { asOf: _, ...score } = await of('reputation', second(8));
    expect(before.stale).toBeNull();
    expect(score).toMatchObject({ reasons: before.reasons, start: before.start, stale });
    // What it cannot know is not held against it: the silence of an hour after that event does not count.
    expect(await of('reputation', '2026-01-01T00:59:00Z')).toMatchObject(score);
    expect(await of('checks', second(59))).toMatchObject({ checks: null, stale });
  });

  it('given somebody skipped an event in the reputations, then its score of then goes on past it, as the live one does', async () => {
    const later = { type: 'OfALaterBuild', version: 1, data: {} };
    const store = await told(async (tell) => {
      await tell.raw(streamName('miner', host), later);
      await tell.appraisal(host, judged(host, { tier: 'contraindicated', appraisedAt: Date.UTC(2026, 0, 1, 0, 0, 9) }));
    });
    const { must } = await boot({ store, ground: { clock: createManualClock(Date.UTC(2026, 0, 1, 1)) } });
    const of = async (at: string) => (await must('GET', `/v1/miners/${host}/reputation${at}`)).body;
    const parked = async () => (await must('GET', '/v1/parked?consumer=reputation')).body.items;
    await expect.poll(parked).toHaveLength(1);
    const [{ eventId }] = await parked();
    expect((await of(`?at=${second(9)}`)).stale).not.toBeNull();
    for (const consumer of ['reputation', 'read-model']) {
      await must('POST', `/v1/parked/${consumer}/${eventId}/skip`, { body: { reason: 'a test build' } });
    }
    const then = await of(`?at=${second(9)}`);
    expect(then).toMatchObject({ stale: null, asOf: { at: second(9) } });
    await expect.poll(async () => (await of('')).reasons).toEqual(then.reasons);
    expect(then.reasons).not.toEqual((await of(`?at=${second(8)}`)).reasons);
  });

  it('given verdicts of which a later one cannot be read, then the verdict of then is the last that can, and says so', async () => {
    const store = await told(async (tell) => {
      await tell.appraisal(host, judged(host));
      await tell.raw(streamName('appraisal', host), { type: 'OfALaterBuild', version: 1, data: {} });
    });
    const { must } = await boot({ store, ground: { clock: createManualClock(Date.UTC(2026, 0, 1, 1)) } });
    const then = async (at: string) => (await must('GET', `/v1/miners/${host}/attestation?at=${at}`)).body;
    expect(await then(second(8))).toMatchObject({ tier: 'affirming', stale: null });
    expect(await then(second(59))).toMatchObject({
      ...{ tier: 'affirming', appraisals: 1, asOf: { revision: '0' } },
      stale: { eventType: 'OfALaterBuild', reason: expect.stringContaining(`appraisal-${host}@1`) },
    });
  });

  it('given more streams than one answer looks at, then it goes on by `next`; one account has its own', async () => {
    const store = createMemoryEventStore();
    const tell = teller(store);
    await tell.image(digest, { type: 'ImageRegistered', digest, manifest, measurements: unmeasured });
    const others = pastListStreamsMax + 3;
    for (let n = 0; n < others; n += 1) await tell.vm(vmId(`v${n}`), requested(`v${n}`, n === 0 ? 'bob' : 'ann'));
    const at = second(4);
    const { must } = await boot({ store, ground: { clock: createManualClock(Date.UTC(2026, 0, 1, 1)) } });
    const first = (await must('GET', `/v1/vms?at=${at}`)).body;
    expect(first.items.map(({ name }: { name: string }) => name)).toEqual(['v0', 'v1', 'v2', 'v3']);
    const last = (await must('GET', `/v1/vms?at=${at}&after=${first.next}`)).body;
    expect(last).toMatchObject({ items: [], next: null });
    const two = (await must('GET', `/v1/vms?at=${at}&limit=2`)).body;
    const rest = (await must('GET', `/v1/vms?at=${at}&limit=2&after=${two.next}`)).body;
    expect([...two.items, ...rest.items].map(({ name }: { name: string }) => name)).toEqual(['v0', 'v1', 'v2', 'v3']);
    expect((await must('GET', `/v1/vms?at=${at}&accountId=${accountId('bob')}`)).body.items).toMatchObject([
      { name: 'v0' },
    ]);
  });

  it('given a moment before a thing was there, then there was none', async () => {
    const { call } = await booted();
    for (const [path, code] of [
      [`vms/${web}`, 'vm-not-found'],
      [`miners/${host}`, 'miner-not-found'],
      [`accounts/${newId()}`, 'account-not-found'],
    ]) {
      const answer = await call('GET', `/v1/${path}?at=${second(0)}`);
      expect(answer).toMatchObject({
        status: 404,
        body: { code, detail: expect.stringContaining(`as of ${second(0)}`) },
      });
    }
  });

  it('given an owner, then the past of others is as hidden as their present', async () => {
    const api = await booted();
    const { owner } = await furnished(api);
    for (const path of [`vms/${web}`, `accounts/${ann}`]) {
      expect((await api.call('GET', `/v1/${path}?at=${second(30)}`, { token: owner })).status).toBe(404);
    }
  });
});

describe('the difference of two moments', () => {
  it('given two moments, then what is other is told, with the events that did it', async () => {
    const { must, store } = await booted();
    const { body } = await must('GET', `/v1/vms/${web}/diff?from=${second(5)}&to=${second(7)}`);
    const [, admitted, stopped] = await store.readStream(streamName('vm', web));
    expect(body.events.map(({ type }: { type: string }) => type)).toEqual(['VmAdmitted', 'VmStopRequested']);
    expect(body.changes).toContainEqual({ path: 'desired', from: 'running', to: 'stopped', by: [stopped?.eventId] });
    expect(body.changes).toContainEqual({
      ...{ path: 'observed', from: 'awaiting-admission', to: 'awaiting-placement' },
      by: [admitted?.eventId],
    });
    expect(body).toMatchObject({ eventsLeftOut: 0, from: { at: second(5) }, to: { at: second(7) } });
  });

  it('given a beginning before the VM was, then all of it is new; given no end, then it ends now; given nothing in between, then nothing', async () => {
    const { must } = await booted();
    const { body } = await must('GET', `/v1/vms/${web}/diff?from=${second(1)}`);
    expect(body.changes).toContainEqual(expect.objectContaining({ path: 'name', from: null, to: 'web' }));
    expect(body.events[0].type).toBe('VmRequested');
    const same = await must('GET', `/v1/vms/${web}/diff?from=${second(7)}&to=${second(8)}`);
    expect(same.body).toMatchObject({ changes: [], events: [] });
  });

  it('given moments the wrong way round, then that is refused by name', async () => {
    const { call } = await booted();
    const answer = await call('GET', `/v1/vms/${web}/diff?from=${second(7)}&to=${second(5)}`);
    expect(answer).toMatchObject({ status: 422, body: { code: 'from-after-to' } });
    // Also where the log has one place for both.
    const still = await call('GET', `/v1/vms/${web}/diff?from=${second(8)}&to=${second(7)}`);
    expect(still).toMatchObject({ status: 422, body: { code: 'from-after-to' } });
    expect((await call('GET', `/v1/vms/${web}/diff?to=${second(5)}`)).body.detail).toContain('from');
    expect((await call('GET', `/v1/vms/${newId()}/diff?from=${second(5)}`)).body.code).toBe('vm-not-found');
  });
});
