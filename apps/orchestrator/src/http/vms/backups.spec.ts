import { describe, expect, it } from 'vitest';
import { streamName } from '#events';
import { backupId, kept, manifestSha256 } from '../../../../../test/domain/vm-backup-story.ts';
import { backedUpVm } from '../../../../../test/orchestrator/backed-up.ts';
import { boot, furnished, newId, newToken, typesOf } from '../../../../../test/orchestrator/booted.ts';
import { teller } from '../../../../../test/orchestrator/told.ts';

/** A stopped VM of an owner, with one backup; nobody else may hear of it. */
const ground = async () => {
  const api = await boot();
  const { accountId, owner } = await furnished(api);
  const vmId = newId();
  const told = teller(api.store);
  await told.vm(vmId, ...backedUpVm({ vmId, accountId, minerId: newId() }));
  const at = `/v1/vms/${vmId}`;
  const ask = (method: string, path: string, body?: object) =>
    api.call(method, `${at}${path}`, { token: owner, ...(body === undefined ? {} : { body }) });
  return { ...api, vmId, at, ask, told };
};

describe('backups over HTTP', () => {
  it('given a stopped VM, then a backup is accepted once under its id, and the list says that it is under way', async () => {
    const { ask } = await ground();
    const wanted = { backupId: newId() };
    expect(await ask('POST', '/backups', wanted)).toMatchObject({
      ...{ status: 202, body: { events: ['VmBackupRequested'] } },
    });
    expect(await ask('POST', '/backups', wanted)).toMatchObject({ status: 200, body: { events: [] } });
    expect(await ask('POST', '/backups', { backupId: newId() })).toMatchObject({
      ...{ status: 409, body: { code: 'vm-backing-up', fix: expect.stringContaining('hcc vm backups') } },
    });
    const { body } = await ask('GET', '/backups');
    expect(body).toMatchObject({
      ...{ underWay: wanted.backupId, failure: null, restore: null, restoreRefusal: null, restored: null },
      backups: [{ backupId: backupId(), manifestSha256, bootCounter: 1, isOlder: false, chunks: 4 }],
    });
  });

  it('given a start while a backup is made, then it is accepted, and it boots no earlier', async () => {
    const { ask, vmId, store } = await ground();
    await ask('POST', '/backups', { backupId: newId() });
    expect(await ask('POST', '/start')).toMatchObject({ status: 202, body: { events: ['VmStartRequested'] } });
    expect((await typesOf(store, vmId)).at(-1)).toBe('VmStartRequested');
    expect(await ask('POST', '/backups', { backupId: 'the first one' })).toMatchObject({ status: 400 });
  });

  it('given a backup, then it is restored where it was unless another miner is named; one that is not there is refused', async () => {
    const { ask, vmId, store } = await ground();
    expect(await ask('POST', '/restore', { backupId: newId() })).toMatchObject({
      ...{ status: 404, body: { code: 'backup-not-found' } },
    });
    expect(await ask('POST', '/restore', { backupId: backupId() })).toMatchObject({
      ...{ status: 202, body: { events: ['VmRestoreRequested'] } },
    });
    const asked = (await store.readStream(streamName('vm', vmId))).find(({ type }) => type === 'VmRestoreRequested');
    expect(asked?.data).toMatchObject({ manifestSha256, generation: 2, replaces: 1 });
  });

  it('given the id of no miner, then it is refused, and the VM waits for nobody', async () => {
    const { ask, vmId, store } = await ground();
    expect(await ask('POST', '/restore', { backupId: backupId(), minerId: newId() })).toMatchObject({
      ...{ status: 404, body: { code: 'miner-not-found', detail: expect.stringContaining('hcc vm why-not') } },
    });
    expect((await typesOf(store, vmId)).at(-1)).toBe('VmBackupMade');
  });

  it('given a miner whose store lacks the backup, then it is not restored there, and the answer names the store', async () => {
    const { ask, bus, vmId, store, must } = await ground();
    const minerId = newId();
    const invitation = { minerId, name: 'host-2', joinTokenSha256: newToken().sha256 };
    await must('POST', '/v1/miners', { body: { ...invitation, expiresAt: '2999-01-01T00:00:00.000Z' } });
    const never = () => Promise.reject(new Error('not asked'));
    let isThere = false;
    const backup = async () => ({ store: 'dir:/srv/other', isThere });
    await bus.miner(minerId).onCalls({ console: never, metrics: never, backup });
    const wanted = { backupId: backupId(), minerId };
    expect(await ask('POST', '/restore', wanted)).toMatchObject({
      status: 409,
      body: {
        code: 'backup-not-in-store',
        observed: 'dir:/srv/other',
        fix: expect.stringContaining('HCC_BACKUP_STORE'),
      },
    });
    expect((await typesOf(store, vmId)).at(-1)).toBe('VmBackupMade');
    isThere = true;
    expect(await ask('POST', '/restore', wanted)).toMatchObject({ body: { events: ['VmRestoreRequested'] } });
  });

  it('given a backup, then it is removed once, and one that is being made is cancelled', async () => {
    const { ask, vmId, store } = await ground();
    expect(await ask('DELETE', `/backups/${backupId()}`)).toMatchObject({
      ...{ status: 202, body: { events: ['VmBackupRemoved'] } },
    });
    expect((await ask('GET', '/backups')).body).toMatchObject({ backups: [] });
    expect(await ask('DELETE', `/backups/${backupId()}`), 'again').toMatchObject({ status: 200, body: { events: [] } });
    expect(await ask('DELETE', `/backups/${newId()}`)).toMatchObject({
      ...{ status: 404, body: { code: 'backup-not-found' } },
    });
    const next = newId();
    await ask('POST', '/backups', { backupId: next });
    expect(await ask('DELETE', `/backups/${next}`)).toMatchObject({ body: { events: ['VmBackupFailed'] } });
    expect((await ask('GET', '/backups')).body).toMatchObject({ underWay: null, failure: { code: 'cancelled' } });
    expect(await ask('DELETE', `/backups/${next}`), 'again').toMatchObject({ status: 200, body: { events: [] } });
    expect((await typesOf(store, vmId)).slice(-2)).toEqual(['VmBackupRequested', 'VmBackupFailed']);
  });

  it('given a backup that failed, then the list says why until a later one is made, which a repeat of the cancelling is no news to', async () => {
    const { ask, vmId, told } = await ground();
    const failed = newId();
    await ask('POST', '/backups', { backupId: failed });
    await ask('DELETE', `/backups/${failed}`);
    const failure = { backupId: failed, code: 'cancelled', detail: 'its owner cancelled it' };
    expect((await ask('GET', '/backups')).body).toMatchObject({ failure });
    const later = newId();
    await ask('POST', '/backups', { backupId: later });
    expect((await ask('GET', '/backups')).body, 'while it is being made').toMatchObject({ underWay: later, failure });
    await told.vm(vmId, { ...kept.made(), backupId: later });
    expect((await ask('GET', '/backups')).body).toMatchObject({ underWay: null, failure: null });
    expect(await ask('DELETE', `/backups/${failed}`)).toMatchObject({ status: 200, body: { events: [] } });
  });

  it('given backups, then the VM ends only for whoever says that they may become unreadable', async () => {
    const { ask } = await ground();
    expect(await ask('DELETE', '')).toMatchObject({
      status: 409,
      body: { code: 'backups-die-with-the-key', observed: 1, fix: expect.stringContaining('--destroy-backups') },
    });
    expect(await ask('DELETE', '?destroyBackups=perhaps')).toMatchObject({ status: 400 });
    expect(await ask('DELETE', '?destroyBackups=true')).toMatchObject({
      ...{ status: 202, body: { events: ['VmTerminationRequested'] } },
    });
  });

  it('given another owner, then there is no such VM for them', async () => {
    const { call, at, must } = await ground();
    const accountId = newId();
    await must('POST', '/v1/accounts', { body: { accountId, name: 'Bob' } });
    const { tokenId, sha256, text } = newToken();
    await must('POST', `/v1/accounts/${accountId}/tokens`, { body: { tokenId, sha256, role: 'owner', label: 'x' } });
    const body = { backupId: backupId() };
    for (const [method, path] of [
      ['GET', '/backups'],
      ['POST', '/backups'],
      ['POST', '/restore'],
      ['DELETE', `/backups/${backupId()}`],
    ] as const) {
      const answer = await call(method, `${at}${path}`, { token: text, ...(method === 'POST' ? { body } : {}) });
      expect(answer).toMatchObject({ status: 404, body: { code: 'vm-not-found' } });
    }
  });
});
