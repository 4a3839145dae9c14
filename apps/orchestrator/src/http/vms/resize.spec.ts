import { describe, expect, it } from 'vitest';
import { contentDigest } from '#events';
import { roomFor } from '../../../../../test/conformance/bench.ts';
import { boot, furnished, newId } from '../../../../../test/orchestrator/booted.ts';
import { hostedBy } from '../../../../../test/orchestrator/hosted.ts';
import { manifest, teller } from '../../../../../test/orchestrator/told.ts';

const imageDigest = contentDigest(manifest);
const endpoint = { host: '127.0.0.1', port: 2201 };

/** A VM that runs on a miner with room for that many of the smallest. */
const running = async (room: number) => {
  const api = await boot();
  const { accountId, owner } = await furnished(api);
  await api.must('POST', '/v1/images', { body: { digest: imageDigest, manifest } });
  const host = await hostedBy(api, roomFor(room));
  const vmId = newId();
  const body = { vmId, accountId, name: 'web', flavorId: 'nano', imageDigest };
  await api.must('POST', '/v1/vms', { token: owner, body });
  await host.until(vmId, { observed: 'awaiting-boot' });
  const say = { phase: 'running', bootId: await host.bootOf(vmId), endpoint, sshHostKey: 'ssh-ed25519 host' } as const;
  await host.report(vmId, 1, say);
  await host.until(vmId, { observed: 'running' });
  const at = `/v1/vms/${vmId}`;
  const stop = async () => {
    await api.must('POST', `${at}/stop`, { token: owner });
    const bootId = await host.bootOf(vmId);
    await host.report(vmId, 1, { phase: 'stopped', bootId, cause: 'requested', detail: '' });
    await host.until(vmId, { observed: 'stopped' });
  };
  const ask = (what: string, body: object) => api.call('POST', `${at}/${what}`, { token: owner, body });
  return { ...api, ...host, accountId, owner, vmId, at, stop, ask, say };
};

describe('resizing over HTTP', () => {
  it('given a stopped VM, when it is resized, then it has the flavor in a new generation, and its hour is held', async () => {
    const vm = await running(4);
    expect(await vm.ask('resize', { flavorId: 'micro' })).toMatchObject({
      status: 409,
      body: { code: 'vm-not-stopped' },
    });
    await vm.stop();
    expect(await vm.ask('resize', { flavorId: 'micro' })).toMatchObject({
      status: 202,
      body: { events: ['VmResizeRequested'] },
    });
    const resized = { flavorId: 'micro', generation: 2, size: roomFor(1, 'micro'), resize: null, observed: 'stopped' };
    await vm.until(vm.vmId, resized);
    const account = async () => (await vm.must('GET', `/v1/accounts/${vm.accountId}`)).body.held;
    await expect.poll(account).toBe('10000');
    expect(await vm.ask('resize', { flavorId: 'micro' })).toMatchObject({ status: 200, body: { events: [] } });
    expect(await vm.ask('resize', { flavorId: 'nano' })).toMatchObject({
      status: 409,
      body: { code: 'disk-never-shrinks' },
    });
    expect(await vm.ask('resize', { flavorId: 'huge' })).toMatchObject({
      status: 404,
      body: { code: 'flavor-not-found' },
    });
  });

  it('given a larger disk alone, then it keeps its flavor, the hour held is of that disk, and another flavor needs the disk said', async () => {
    const vm = await running(4);
    await vm.stop();
    const { diskBytes } = roomFor(1);
    const twice = { diskBytes: 2 * diskBytes };
    for (const body of [{}, { diskBytes: -diskBytes }, { diskBytes: 1.5 * 1024 ** 3 + 0.5 }]) {
      expect(await vm.ask('resize', body)).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
    }
    for (const impossible of [diskBytes + 1, 2 ** 50]) {
      const said = await vm.ask('resize', { diskBytes: impossible });
      expect(said).toMatchObject({ status: 422, body: { code: 'invalid-flavor' } });
    }
    expect(await vm.ask('resize', { diskBytes: diskBytes / 2 })).toMatchObject({
      ...{ status: 409, body: { code: 'disk-never-shrinks', observed: diskBytes / 2, wanted: diskBytes } },
    });
    expect(await vm.ask('resize', { diskBytes })).toMatchObject({ status: 200, body: { events: [] } });
    expect(await vm.ask('resize', twice)).toMatchObject({ status: 202, body: { events: ['VmResizeRequested'] } });
    const size = { ...roomFor(1), ...twice };
    await vm.until(vm.vmId, { flavorId: 'nano', generation: 2, size, resize: null, observed: 'stopped' });
    const account = async () => (await vm.must('GET', `/v1/accounts/${vm.accountId}`)).body.held;
    await expect.poll(account).toBe('10000');
    const host = async () => (await vm.must('GET', `/v1/miners/${vm.minerId}`)).body.reserved.diskBytes;
    await expect.poll(host).toBe(2 * diskBytes);
    expect(await vm.ask('resize', { flavorId: 'nano' })).toMatchObject({
      ...{ status: 409, body: { code: 'disk-never-shrinks', detail: expect.stringContaining('beside it') } },
    });
    expect(await vm.ask('resize', twice)).toMatchObject({ status: 200, body: { events: [] } });
  });

  it('given a larger disk that its miner has no room for, then it keeps the one it has', async () => {
    const vm = await running(1);
    await vm.stop();
    await vm.ask('resize', { diskBytes: 4 * roomFor(1).diskBytes });
    await vm.until(vm.vmId, { observed: 'stopped', generation: 1, size: roomFor(1), resizeRefusal: { code: 'disk' } });
  });

  it('given no room, then it keeps its size and generation, and its view says why', async () => {
    const vm = await running(1);
    await vm.stop();
    await vm.ask('resize', { flavorId: 'small' });
    const kept = await vm.until(vm.vmId, { observed: 'stopped', resizeRefusal: { code: 'memory' } });
    expect(kept).toMatchObject({ flavorId: 'nano', generation: 1, size: roomFor(1) });
    expect(kept.resizeRefusal.detail).toMatch(/cannot set .*2 GiB of memory.* aside/);
  });
});

describe('the SSH keys of a VM over HTTP', () => {
  it('given a guest that runs, when a key is taken away, then the answer says where it counts, and the view once the guest has it', async () => {
    const vm = await running(1);
    const [first] = (await vm.must('GET', `/v1/accounts/${vm.accountId}/ssh-keys`)).body.items;
    const last = { status: 409, body: { code: 'ssh-key-required' } };
    expect(await vm.ask('ssh-keys', { remove: [first.fingerprint] })).toMatchObject({ ...last, status: 422 });
    const other = `ssh-ed25519 ${Buffer.concat([
      Buffer.from('0000000b7373682d6564323535313900000020', 'hex'),
      Buffer.alloc(32, 7),
    ]).toString('base64')} work`;
    await vm.must('POST', `/v1/accounts/${vm.accountId}/ssh-keys`, { token: vm.owner, body: { publicKey: other } });
    const keys = (await vm.must('GET', `/v1/accounts/${vm.accountId}/ssh-keys`)).body.items;
    const second = keys.find((key: { comment: string }) => key.comment === 'work').fingerprint;
    const changed = await vm.ask('ssh-keys', { set: [second] });
    expect(changed).toMatchObject({
      ...{ status: 202, body: { events: ['VmSshKeysChanged'] } },
    });
    expect(changed.body.sshKeys).toMatchObject({ fingerprints: [second], version: 2, state: 'waiting-for-guest' });
    await vm.report(vm.vmId, 1, { ...vm.say, keysVersion: 2 });
    await vm.until(vm.vmId, { sshKeys: { state: 'in-effect', version: 2 } });
    await vm.stop();
    expect((await vm.ask('ssh-keys', { add: [first.fingerprint] })).body.sshKeys).toMatchObject({ state: 'next-boot' });
    expect(await vm.ask('ssh-keys', {})).toMatchObject({ status: 400 });
    const unknown = `SHA256:${'A'.repeat(43)}`;
    expect(await vm.ask('ssh-keys', { add: [unknown] })).toMatchObject({
      status: 404,
      body: { code: 'ssh-key-not-found' },
    });
  });
});

describe('why not', () => {
  it('given a VM that runs, that is stopped, or is not where one looks, then the answer is first and the miners below', async () => {
    const vm = await running(1);
    const why = async (query = '', token?: string) =>
      (await vm.must('GET', `${vm.at}/why-not${query}`, token === undefined ? {} : { token })).body;
    expect(await why()).toMatchObject({ ok: true, code: 'ok' });
    expect((await why()).miners).toMatchObject([{ minerId: vm.minerId, name: 'host-1', fits: false, code: 'memory' }]);
    expect((await why('', vm.owner)).miners).toMatchObject([{ name: null, text: 'lacks: memory' }]);
    await vm.stop();
    expect(await why()).toMatchObject({ ok: false, code: 'stopped-by-owner' });
    const stranger = await vm.call('GET', `${vm.at}/why-not?minerId=${newId()}`);
    expect(stranger).toMatchObject({ status: 404, body: { code: 'miner-not-found' } });
  });

  it('given a request that nobody made yet, then it is told whether it would be accepted and placed, and nothing is recorded', async () => {
    const vm = await running(1);
    const head = (await vm.store.head())?.toString();
    const would = async (query: string) => (await vm.must('GET', `/v1/why-not?${query}`, { token: vm.owner })).body;
    expect(await would('flavorId=small')).toMatchObject({ ok: false, code: 'no-fit', counts: { memory: 1 } });
    expect(await would(`flavorId=nano&minerId=${vm.minerId}`)).toMatchObject({ ok: false, code: 'memory' });
    expect((await vm.store.head())?.toString()).toBe(head);
    await vm.must('POST', `/v1/miners/${vm.minerId}/drain`, { body: {} });
    await expect.poll(() => would('flavorId=nano')).toMatchObject({ ok: false, counts: { draining: 1 } });
    await vm.must('POST', `/v1/miners/${vm.minerId}/undrain`, { body: {} });
    const distrusted = { type: 'MinerTrustChanged', tier: 'contraindicated', appraisalId: newId() } as const;
    await teller(vm.store).miner(vm.minerId, { ...distrusted, appraisedAt: Date.UTC(2026, 0, 1) });
    await expect.poll(() => would('flavorId=nano')).toMatchObject({ ok: false, counts: { distrusted: 1 } });
    expect(await would(`flavorId=nano&minerId=${vm.minerId}`)).toMatchObject({ ok: false, code: 'distrusted' });
    expect(await vm.call('GET', '/v1/why-not?flavorId=huge')).toMatchObject({ status: 404 });
  });
});
