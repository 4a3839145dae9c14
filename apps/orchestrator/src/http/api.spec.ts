import { describe, expect, it } from 'vitest';
import { contentDigest } from '#events';
import { type Booted, boot, furnished, goodKey, newId, newToken } from '../../../../test/orchestrator/booted.ts';
import { manifest } from '../../../../test/orchestrator/told.ts';

const digest = contentDigest(manifest);
const register = ({ must }: Booted) => must('POST', '/v1/images', { body: { digest, manifest } });

/** A running orchestrator, a furnished account, an image, and the body of a request for a VM. */
const ready = async () => {
  const api = await boot();
  const { accountId, owner } = await furnished(api);
  await register(api);
  const body = { vmId: newId(), accountId, name: 'web', flavorId: 'nano', imageDigest: digest };
  return { ...api, accountId, owner, body };
};

describe('the API, walked through', () => {
  it('given an open account and an image, then they are offered, listed and shown', async () => {
    const api = await boot();
    const { must } = api;
    const { accountId, owner } = await furnished(api);
    await register(api);
    expect((await must('GET', '/v1/whoami', { token: owner })).body).toMatchObject({
      ...{ role: 'owner', accountId, network: { name: 'test', kind: 'simulated' } },
    });
    const flavors = await must('GET', '/v1/flavors', { token: owner });
    expect(flavors.body.items[0]).toMatchObject({ flavorId: 'nano', pricePerHour: '5000' });
    expect((await must('GET', '/v1/images')).body.items).toMatchObject([{ digest, manifest: { name: 'tiny' } }]);
    expect((await must('GET', `/v1/images/${digest}`)).body.manifest.sshUser).toBe('root');
  });

  it('given an owner who asks for a VM, then it is accepted with a position, and shown from there on', async () => {
    const { must, accountId, owner, body } = await ready();
    const made = await must('POST', '/v1/vms', { token: owner, body });
    expect(made).toMatchObject({
      status: 202,
      body: { stream: `vm-${body.vmId}`, revision: '0', events: ['VmRequested'] },
    });
    expect(made.headers.get('location')).toBe(`/v1/vms/${body.vmId}`);
    const vm = await must('GET', `/v1/vms/${body.vmId}?atLeast=${made.body.position}`, { token: owner });
    expect(vm.headers.get('hcc-position')).toBeTruthy();
    expect(vm.body).toMatchObject({
      ...{ vmId: body.vmId, accountId, name: 'web', flavorId: 'nano', sshUser: 'root', desired: 'running' },
      ...{ minerId: null, endpoint: null, sshHostKeyAttested: false, platform: null },
      disk: { format: 'qcow2', encryption: 'none' },
      desiredText: 'it shall run',
    });
    expect((await must('GET', '/v1/vms', { token: owner })).body.items).toHaveLength(1);
    expect((await must('GET', `/v1/vms?accountId=${accountId}&limit=1`)).body).toMatchObject({ next: null });
  });

  it('given a VM, then it is stopped, started and removed, and what cannot be says why', async () => {
    const { call, must, owner, body } = await ready();
    await must('POST', '/v1/vms', { token: owner, body });
    const at = `/v1/vms/${body.vmId}`;
    const stop = await must('POST', `${at}/stop`, { token: owner, body: { reason: 'lunch' } });
    expect(stop.body.events).toEqual(['VmStopRequested']);
    expect((await must('POST', `${at}/stop`, { token: owner })).status).toBe(200);
    expect((await must('POST', `${at}/start`, { token: owner })).body.events).toEqual(['VmStartRequested']);
    const no = { status: 409, body: { code: 'vm-not-running' } };
    expect(await call('POST', `${at}/reboot`, { token: owner })).toMatchObject(no);
    const nowhere = { status: 409, body: { code: 'vm-not-placed' } };
    expect(await call('GET', `${at}/console`, { token: owner })).toMatchObject(nowhere);
    const gone = await must('DELETE', at, { token: owner });
    expect(gone.body.events).toEqual(['VmTerminationRequested', 'VmTerminated']);
    const streams = await must('GET', `/v1/streams?category=vm&atLeast=${gone.body.position}`);
    expect(streams.body.items).toMatchObject([{ stream: `vm-${body.vmId}` }]);
    expect((await must('GET', '/v1/parked')).body).toEqual({ items: [], next: null });
  });

  it('given a request with correlation and trace, then its event carries both, and who asked', async () => {
    const { must, owner, body, accountId } = await ready();
    const correlationId = newId();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await must('POST', '/v1/vms', { token: owner, body, headers: { 'x-correlation-id': correlationId, traceparent } });
    const story = await must('GET', `/v1/streams/vm-${body.vmId}?limit=1`, { token: owner });
    expect(story.body.items).toMatchObject([
      { type: 'VmRequested', revision: '0', actor: `owner:${accountId}`, correlationId, traceparent },
    ]);
    expect(Object.keys(story.body.items[0])).toContain('prevHash');
  });

  it('given an account, then its money, keys and tokens are shown, changed and taken away', async () => {
    const api = await boot();
    const { accountId, owner } = await furnished(api);
    const at = `/v1/accounts/${accountId}`;
    expect((await api.must('GET', at, { token: owner })).body).toMatchObject({
      ...{ accountId, name: 'Ann', available: '20000000', held: '0', deposited: '20000000' },
    });
    expect((await api.must('GET', '/v1/accounts', { token: owner })).body.items).toHaveLength(1);
    const [key] = (await api.must('GET', `${at}/ssh-keys`, { token: owner })).body.items;
    expect(key).toMatchObject({ keyType: 'ssh-ed25519', comment: 'ann@laptop' });
    expect(`${key.publicKey} ann@laptop`).toBe(goodKey);
    expect((await api.must('POST', `${at}/ssh-keys`, { token: owner, body: { publicKey: goodKey } })).status).toBe(200);
    const removed = await api.must('DELETE', `${at}/ssh-keys/${encodeURIComponent(key.fingerprint)}`, { token: owner });
    expect((await api.must('GET', `${at}/ssh-keys?atLeast=${removed.body.position}`)).body.items).toEqual([]);

    const [token] = (await api.must('GET', `${at}/tokens`, { token: owner })).body.items;
    expect(Object.keys(token)).toEqual(['tokenId', 'role', 'label', 'issuedAt']);
    const revoked = await api.must('DELETE', `${at}/tokens/${token.tokenId}`, { token: owner });
    await api.must('GET', `${at}?atLeast=${revoked.body.position}`);
    expect((await api.call('GET', at, { token: owner })).status).toBe(401);
  });

  it('given an invitation, when a miner brings its join token and key, then it gets its credentials, as often as it asks', async () => {
    const { call, must } = await boot();
    const join = newToken();
    const minerId = newId();
    const invitation = { minerId, name: 'm1', joinTokenSha256: join.sha256, expiresAt: '2999-01-01T00:00:00.000Z' };
    await must('POST', '/v1/miners', { body: invitation });
    const secret = join.text.slice(41);
    const enrol = (token: string, id = minerId, key = `U${'A'.repeat(55)}`) =>
      call('POST', `/v1/miners/${id}/enrolment`, { token, body: { natsPublicKey: key } });
    const given = await enrol(secret);
    expect(given).toMatchObject({
      status: 200,
      body: { servers: ['nats://x:1'], expiresAt: '1970-01-01T00:00:00.000Z' },
    });
    expect(given.body.jwt).toContain(minerId);
    expect((await enrol(secret)).status).toBe(200);
    expect(await enrol('wrong')).toMatchObject({ status: 401, body: { code: 'join-token-wrong' } });
    expect(await enrol(secret, newId())).toMatchObject({ status: 401, body: { code: 'join-token-wrong' } });
    expect(await enrol(secret, minerId, `U${'B'.repeat(55)}`)).toMatchObject({
      status: 409,
      body: { code: 'miner-enrolled-with-other-key' },
    });
    // An enrolment answers credentials and no position, so the read model is asked until it shows it.
    const miners = async () => (await must('GET', '/v1/miners')).body.items;
    await expect.poll(miners).toMatchObject([{ minerId, status: 'enrolled', vms: [], lastSeenAt: null }]);
    expect((await must('GET', `/v1/miners/${minerId}`)).body.name).toBe('m1');
  });

  it('given a running orchestrator, then it is healthy, and ready once its consumers have caught up', async () => {
    const { call, bus } = await boot();
    expect(await call('GET', '/healthz', { token: null })).toMatchObject({ status: 200, body: { status: 'ok' } });
    await expect
      .poll(async () => (await call('GET', '/readyz', { token: null })).body)
      .toMatchObject({ ready: true, parked: 0 });
    bus.cut('orchestrator');
    const cut = await call('GET', '/readyz', { token: null });
    expect(cut.status).toBe(503);
    expect(cut.body.parts).toContainEqual(expect.objectContaining({ name: 'bus', ready: false }));
  });
});
