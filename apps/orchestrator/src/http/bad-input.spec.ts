import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { contentDigest } from '#events';
import { boot, furnished, goodKey, newId, newToken, typesOf } from '../../../../test/orchestrator/booted.ts';
import { manifest } from '../../../../test/orchestrator/told.ts';

const digest = contentDigest(manifest);

const ready = async () => {
  const api = await boot();
  const { accountId, owner } = await furnished(api);
  await api.must('POST', '/v1/images', { body: { digest, manifest } });
  const vm = (over: object = {}) => ({
    ...{ vmId: newId(), accountId, name: 'web', flavorId: 'nano', imageDigest: digest },
    ...over,
  });
  return { ...api, accountId, owner, vm };
};

describe('bad input', () => {
  it('given a body that is not JSON, too big or of another type, then it has its own named problem', async () => {
    const { call, store } = await ready();
    const before = await store.head();
    const post = (raw: string | Buffer, headers = {}) => call('POST', '/v1/accounts', { raw, headers });
    expect(await post('{"accountId":')).toMatchObject({ status: 400, body: { code: 'malformed-json' } });
    expect(await post(Buffer.from([0x22, 0xff, 0x22]))).toMatchObject({
      status: 400,
      body: { code: 'malformed-json' },
    });
    const big = JSON.stringify({ name: 'x'.repeat(300_000) });
    expect(await post(big)).toMatchObject({ status: 413, body: { code: 'body-too-large' } });
    expect(await post('a=b', { 'content-type': 'application/x-www-form-urlencoded' })).toMatchObject({
      status: 415,
      body: { code: 'unsupported-media-type' },
    });
    expect(await post('[]')).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
    expect(await store.head()).toBe(before);
  });

  it("given a problem, then it is problem+json with the caller's correlation id", async () => {
    const { call } = await ready();
    const correlationId = newId();
    const answer = await call('POST', '/v1/accounts', {
      body: { nonsense: 1 },
      headers: { 'x-correlation-id': correlationId },
    });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.headers.get('x-correlation-id')).toBe(correlationId);
    expect(answer.body).toMatchObject({
      ...{ type: 'urn:hcc:problem:invalid-request', status: 400, code: 'invalid-request', correlationId },
      errors: [{ path: 'accountId' }, { path: 'name' }, { message: expect.stringContaining('nonsense') }],
    });
  });

  it('given an unknown field in a query, a foreign id or an address that cannot be read, then the field is named', async () => {
    const { call } = await ready();
    expect(await call('GET', '/v1/vms?colour=red')).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
    for (const path of [
      '/v1/vms/1',
      '/v1/vms/..%2f..%2fetc',
      `/v1/vms/${newId().toUpperCase()}`,
      '/v1/streams/users',
    ]) {
      expect(await call('GET', path)).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
    }
    const unreadable = await call('GET', '/v1/vms/%ff');
    expect(unreadable.status).toBe(400);
    expect(unreadable.body).toMatchObject({ code: 'invalid-request', correlationId: expect.any(String) });
  });

  it('given a wrong address, then 404; given a wrong method, then 405 with those it takes', async () => {
    const { call } = await ready();
    expect(await call('GET', '/v2/vms')).toMatchObject({ status: 404, body: { code: 'not-found' } });
    const wrong = await call('DELETE', '/v1/vms');
    expect(wrong).toMatchObject({ status: 405, body: { code: 'method-not-allowed' } });
    expect(wrong.headers.get('allow')).toBe('GET, HEAD, POST');
    expect((await call('POST', `/v1/vms/${newId()}`)).headers.get('allow')).toBe('DELETE, GET, HEAD');
  });

  it.each([
    ['nothing', null],
    ['nonsense', 'x'],
    ['an unknown token', newToken().text],
  ])('given %s as a token, then 401 in the same words', async (_what, token) => {
    const { call } = await ready();
    const answer = await call('GET', '/v1/whoami', { token });
    expect(answer).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    expect(answer.body.detail).toBe(
      'the token is missing, wrong or revoked; send "Authorization: Bearer hcc_<tokenId>_<secret>"',
    );
  });

  it('given the right id with another secret, then 401', async () => {
    const { call, operator } = await ready();
    const forged = `${operator.slice(0, 41)}${newToken().text.slice(41)}`;
    expect((await call('GET', '/v1/whoami', { token: forged })).status).toBe(401);
  });

  it("given a role that is too low, then 403; given another owner's things, then 404 as if they were not there", async () => {
    const api = await ready();
    const { call, must, owner, vm } = api;
    const bob = await furnished(api);
    const body = vm();
    await must('POST', '/v1/vms', { token: owner, body });
    expect(await call('POST', '/v1/accounts', { token: owner, body: { accountId: newId(), name: 'x' } })).toMatchObject(
      {
        status: 403,
        body: { code: 'forbidden', observed: 'owner', wanted: ['operator'] },
      },
    );
    const token = newToken();
    const issue = { tokenId: token.tokenId, sha256: token.sha256, role: 'operator', label: 'up' };
    expect((await call('POST', `/v1/accounts/${bob.accountId}/tokens`, { token: bob.owner, body: issue })).status).toBe(
      403,
    );
    for (const [method, path] of [
      ['GET', `/v1/vms/${body.vmId}`],
      ['DELETE', `/v1/vms/${body.vmId}`],
      ['POST', `/v1/vms/${body.vmId}/stop`],
      ['GET', `/v1/vms/${body.vmId}/console`],
      ['GET', `/v1/streams/vm-${body.vmId}`],
      ['GET', `/v1/streams/vm-${body.vmId}/follow`],
      ['GET', `/v1/accounts/${body.accountId}`],
      ['GET', `/v1/streams/account-${body.accountId}`],
      ['GET', `/v1/vms?accountId=${body.accountId}`],
    ] as const) {
      const answer = await call(method, path, { token: bob.owner });
      expect([path, answer.status]).toEqual([path, 404]);
      const missing = await call(method, path.replace(body.vmId, newId()).replace(body.accountId, newId()), {
        token: bob.owner,
      });
      expect(missing.body.code).toBe(answer.body.code);
    }
    expect((await call('POST', '/v1/vms', { token: bob.owner, body: vm() })).body.code).toBe('account-not-found');
  });

  it('given a viewer, then everything is read and nothing is changed', async () => {
    const { call, must, accountId, vm } = await ready();
    const token = newToken();
    const body = { tokenId: token.tokenId, sha256: token.sha256, role: 'viewer', label: 'screen' };
    await must('POST', `/v1/accounts/${accountId}/tokens`, { body });
    expect((await call('GET', '/v1/miners', { token: token.text })).status).toBe(200);
    expect((await call('GET', `/v1/accounts/${accountId}`, { token: token.text })).status).toBe(200);
    expect((await call('POST', '/v1/vms', { token: token.text, body: vm() })).status).toBe(403);
  });

  it('given SSH keys that are not, then each says why', async () => {
    const { call, accountId } = await ready();
    const add = (publicKey: string) => call('POST', `/v1/accounts/${accountId}/ssh-keys`, { body: { publicKey } });
    expect(await add('hello')).toMatchObject({ status: 422, body: { code: 'ssh-key-malformed' } });
    expect(await add('ssh-dss AAAA')).toMatchObject({ status: 422, body: { code: 'ssh-key-unsupported' } });
    const pem = await add('-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n');
    expect(pem).toMatchObject({ status: 422, body: { code: 'ssh-key-malformed' } });
    expect(JSON.stringify(pem.body)).not.toContain('c2VjcmV0');
  });

  it('given a VM request that cannot be, then it is refused by name and nothing is recorded', async () => {
    const { call, must, store, vm } = await ready();
    const poor = newId();
    await must('POST', '/v1/accounts', { body: { accountId: poor, name: 'Poor' } });
    const before = await store.head();
    const ask = (over: object) => call('POST', '/v1/vms', { body: vm(over) });
    expect(await ask({ flavorId: 'huge' })).toMatchObject({ status: 404, body: { code: 'flavor-not-found' } });
    expect(await ask({ imageDigest: 'e'.repeat(64) })).toMatchObject({
      status: 404,
      body: { code: 'image-not-found' },
    });
    expect(await ask({ name: 'Not A Host' })).toMatchObject({ status: 422, body: { code: 'invalid-name' } });
    expect(await ask({ accountId: newId() })).toMatchObject({ status: 404, body: { code: 'account-not-found' } });
    expect(await ask({ accountId: poor })).toMatchObject({ status: 422, body: { code: 'ssh-key-required' } });
    const unknown = `SHA256:${'x'.repeat(43)}`;
    expect(await ask({ sshKeyFingerprints: [unknown] })).toMatchObject({
      status: 404,
      body: { code: 'ssh-key-not-found' },
    });
    expect(await ask({ memory: 1 })).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
    expect(await store.head()).toBe(before);
  });

  it('given too few credits, then 402 with what was observed and wanted', async () => {
    const api = await ready();
    const accountId = newId();
    await api.must('POST', '/v1/accounts', { body: { accountId, name: 'Poor' } });
    await api.must('POST', `/v1/accounts/${accountId}/ssh-keys`, { body: { publicKey: goodKey } });
    await api.must('POST', `/v1/accounts/${accountId}/credits`, { body: { depositId: newId(), amount: '9999999' } });
    expect(await api.call('POST', '/v1/vms', { body: api.vm({ accountId }) })).toMatchObject({
      status: 402,
      body: { code: 'insufficient-credits', observed: '9999999', wanted: '10000000' },
    });
    expect(
      await api.call('POST', `/v1/accounts/${accountId}/credits`, { body: { depositId: newId(), amount: '-5' } }),
    ).toMatchObject({
      status: 422,
      body: { code: 'invalid-amount' },
    });
    expect(
      await api.call('POST', `/v1/accounts/${accountId}/credits`, { body: { depositId: newId(), amount: 5 } }),
    ).toMatchObject({
      status: 400,
      body: { code: 'invalid-request' },
    });
  });

  it('given the same VM again, then the first answer; given the id with other content, then a conflict', async () => {
    const { call, must, owner, store, vm, accountId } = await ready();
    const body = vm();
    const first = await must('POST', '/v1/vms', { token: owner, body });
    const again = await must('POST', '/v1/vms', {
      token: owner,
      body: Object.fromEntries(Object.entries(body).reverse()),
    });
    expect(again.body).toEqual(first.body);
    expect((await typesOf(store, body.vmId)).filter((type) => type === 'VmRequested')).toHaveLength(1);
    expect(await call('POST', '/v1/vms', { token: owner, body: { ...body, name: 'other' } })).toMatchObject({
      status: 409,
      body: { code: 'vm-exists-with-other-content', vmId: body.vmId },
    });
    const deposit = { depositId: newId(), amount: '1000000' };
    const at = `/v1/accounts/${accountId}/credits`;
    const paid = await must('POST', at, { body: deposit });
    expect((await must('POST', at, { body: deposit })).body).toEqual(paid.body);
    expect((await call('POST', at, { body: { ...deposit, amount: '2' } })).body.code).toBe(
      'deposit-exists-with-other-content',
    );
  });

  it('given an Idempotency-Key, then a change happens once; a key that is none is refused', async () => {
    const { call, must, owner, vm } = await ready();
    const body = vm();
    await must('POST', '/v1/vms', { token: owner, body });
    const headers = { 'idempotency-key': newId() };
    const stop = await must('POST', `/v1/vms/${body.vmId}/stop`, { token: owner, headers });
    await must('POST', `/v1/vms/${body.vmId}/start`, { token: owner, headers });
    const repeat = await must('POST', `/v1/vms/${body.vmId}/stop`, { token: owner, headers });
    expect(repeat.body).toEqual(stop.body);
    const wrong = await call('POST', `/v1/vms/${body.vmId}/stop`, {
      token: owner,
      headers: { 'idempotency-key': 'x' },
    });
    expect(wrong).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
  });

  it('given an image whose digest is not its own, then both digests are named', async () => {
    const { call } = await ready();
    expect(await call('POST', '/v1/images', { body: { digest: 'f'.repeat(64), manifest } })).toMatchObject({
      status: 422,
      body: { code: 'image-digest-mismatch', wanted: digest },
    });
  });

  it('given text that is no Unicode, then it is refused by name and nothing is recorded', async () => {
    const { call, store } = await ready();
    const before = await store.head();
    const raw = `{"accountId":"${newId()}","name":"half of a pair: \\ud800"}`;
    expect(await call('POST', '/v1/accounts', { raw })).toMatchObject({
      status: 400,
      body: { code: 'malformed-json', detail: expect.stringContaining('"name" is half of a surrogate pair') },
    });
    expect(await store.head()).toBe(before);
    const whole = raw.replace('\\ud800', '\\ud83d\\ude00');
    expect((await call('POST', '/v1/accounts', { raw: whole })).status).toBe(202);
  });

  it.each([
    ['bytes that are no HTTP', 'hello\r\n\r\n', 400, 'malformed-http'],
    ['headers without end', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431, 'headers-too-large'],
    ['a length that is none', 'POST /v1/vms HTTP/1.1\r\nhost: x\r\ncontent-length: ten\r\n\r\n', 400, 'malformed-http'],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n',
      400,
      'malformed-http',
    ],
  ])('given %s, then the connection is answered with a problem and closed', async (_what, bytes, status, code) => {
    const { url } = await boot();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(bytes);
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
    expect(head).toContain(`HTTP/1.1 ${status}`);
    expect(head).toContain('content-type: application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ code, status, correlationId: expect.any(String) });
  });
});
