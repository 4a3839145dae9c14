import { describe, expect, it } from 'vitest';
import { createMemoryEventStore } from '#adapters/memory';
import { type Booted, boot, furnished, newId, newToken } from '../../../../test/orchestrator/booted.ts';
import { accountId, requested, teller, vmId } from '../../../../test/orchestrator/told.ts';

type Action = { readonly actor: string; readonly type: string; readonly stream: string; readonly recordedAt: string };

const audited = async ({ must }: Booted, query = '', token?: string): Promise<readonly Action[]> =>
  (await must('GET', `/v1/audit?${query}`, token === undefined ? {} : { token })).body.items;

const typesOf = (actions: readonly Action[]) => actions.map(({ type }) => type);

const operatorOf = ({ operator }: Booted): string => `operator:${operator.slice('hcc_'.length).split('_')[0]}`;

describe('the audit', () => {
  it('given what two accounts and an operator did, then each action is found by who, what and when', async () => {
    const api = await boot();
    const { accountId, owner } = await furnished(api);
    await api.must('DELETE', `/v1/accounts/${accountId}/ssh-keys/${encodeURIComponent(await keyOf(api, accountId))}`, {
      token: owner,
    });
    const byOwner = await audited(api, `actor=owner:${accountId}`);
    expect(byOwner).toMatchObject([{ type: 'SshKeyRemoved', stream: `account-${accountId}` }]);
    expect(typesOf(await audited(api, `actor=${operatorOf(api)}&type=CreditsDeposited`))).toEqual(['CreditsDeposited']);
    const all = await audited(api);
    const at = byOwner[0]?.recordedAt ?? expect.fail('nothing');
    expect(await audited(api, `since=${at}`)).toEqual(all.filter(({ recordedAt }) => recordedAt >= at));
    expect(await audited(api, `until=${at}`)).toEqual(all.filter(({ recordedAt }) => recordedAt <= at));
    expect(await audited(api, 'order=newest-first')).toEqual([...all].reverse());
  });

  it('given an owner, then it finds what was done to its account and its VMs, by whomever, and nothing else', async () => {
    const store = createMemoryEventStore();
    const told = teller(store);
    const api = await boot({ store });
    const bob = await furnished(api);
    const [ann, token] = [accountId('ann'), newToken()];
    const { tokenId, sha256 } = token;
    await api.must('POST', '/v1/accounts', { body: { accountId: ann, name: 'Ann' } });
    await api.must('POST', `/v1/accounts/${ann}/tokens`, { body: { tokenId, sha256, role: 'owner', label: 'laptop' } });
    await told.vm(vmId('web'), requested('web', 'ann'));
    await told.vm(vmId('other'), requested('other', 'bob'));
    await told.vm(vmId('web'), { type: 'VmTerminated', diskRemoved: false });
    await api.must('GET', `/v1/vms?atLeast=${await store.head()}`);
    const seen = await audited(api, '', token.text);
    expect(new Set(seen.map(({ stream }) => stream))).toEqual(new Set([`account-${ann}`, `vm-${vmId('web')}`]));
    expect(typesOf(seen)).toEqual(expect.arrayContaining(['AccountOpened', 'VmRequested', 'VmTerminated']));
    expect(new Set(seen.map(({ actor }) => actor))).toContain(operatorOf(api));
    expect(await api.call('GET', `/v1/audit?accountId=${bob.accountId}`, { token: token.text })).toMatchObject({
      ...{ status: 404, body: { code: 'account-not-found' } },
    });
    expect(typesOf(await audited(api, `accountId=${bob.accountId}`))).toContain('AccountOpened');
  });

  it('given streams that the read model holds back, then the audit still finds what was done there, also for whose VMs they are', async () => {
    const store = createMemoryEventStore();
    const api = await boot({ store });
    const { accountId, owner } = await furnished(api);
    const told = teller(store);
    const data = { vmId: vmId('new'), accountId, colour: 'of tomorrow' };
    await told.rawVm(vmId('new'), { type: 'VmRequested', version: 99, data });
    await told.vm(vmId('new'), { type: 'VmStopRequested', reason: 'lunch', deadlineAt: 1 });
    await told.vm(vmId('web'), requested('web', 'bob'));
    await told.rawVm(vmId('web'), { type: 'VmTeleported', version: 1, data: { to: 'mars' } });
    await told.vm(vmId('web'), { type: 'VmTerminated', diskRemoved: false });
    await expect.poll(async () => (await api.must('GET', '/v1/parked?consumer=read-model')).body.items).toHaveLength(2);
    await api.must('GET', `/v1/vms?atLeast=${await store.head()}`);
    const of = async (name: string, token?: string) =>
      typesOf((await audited(api, '', token)).filter(({ stream }) => stream === `vm-${vmId(name)}`));
    expect(await of('web')).toEqual(['VmRequested', 'VmTeleported', 'VmTerminated']);
    expect(await of('new', owner)).toEqual(['VmRequested', 'VmStopRequested']);
    expect(typesOf(await audited(api, 'type=VmTerminated'))).toEqual(['VmTerminated']);
  });

  it('given more actions than a page, then pages in either order show each once', async () => {
    const api = await boot();
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      await api.must('POST', '/v1/accounts', { body: { accountId: newId(), name } });
    }
    const all = await audited(api, 'type=AccountOpened');
    for (const order of ['oldest-first', 'newest-first']) {
      const found: Action[] = [];
      for (let after = ''; ; ) {
        const { body } = await api.must('GET', `/v1/audit?type=AccountOpened&order=${order}&limit=2${after}`);
        found.push(...body.items);
        if (body.next === null) break;
        after = `&after=${encodeURIComponent(body.next)}`;
      }
      expect(found).toEqual(order === 'oldest-first' ? all : [...all].reverse());
    }
    expect(all).toHaveLength(5);
  });

  it('given reads, refused commands and tokens nobody knows, then none of them is an action', async () => {
    const api = await boot();
    await furnished(api);
    const before = await audited(api);
    await api.call('GET', '/v1/accounts', { token: newToken().text });
    await api.call('POST', '/v1/accounts', { body: { accountId: newId(), name: '' } });
    await api.call('POST', `/v1/vms/${newId()}/stop`);
    expect(await audited(api)).toEqual(before);
  });

  it('given an actor, a type or a time that cannot be, then it is refused by name', async () => {
    const api = await boot();
    for (const query of ['actor=ann', 'type=vm', 'since=yesterday', 'until=2026-01-01T00:00:00', 'order=random']) {
      expect(await api.call('GET', `/v1/audit?${query}`)).toMatchObject({
        status: 400,
        body: { code: 'invalid-request' },
      });
    }
  });
});

const keyOf = async ({ must }: Booted, accountId: string): Promise<string> =>
  (await must('GET', `/v1/accounts/${accountId}/ssh-keys`)).body.items[0].fingerprint;
