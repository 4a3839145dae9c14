import { existsSync, readFileSync, statSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { fakeApi, json, problem, type Route } from './testing/fake-api.ts';
import { fakeMachine } from './testing/fake-machine.ts';

const vmId = '1a2b3c4d-1111-4111-8111-111111111111';
const accountId = 'acc00000-2222-4222-8222-222222222222';

const vm = {
  vmId,
  accountId,
  name: 'web',
  flavorId: 'nano',
  size: { vcpus: 1, memoryBytes: 268435456, diskBytes: 1073741824 },
  imageDigest: 'd'.repeat(64),
  sshUser: 'root',
  desired: 'running',
  desiredText: 'its owner wants it running',
  observed: 'running',
  observedText: 'it runs and takes logins',
  observedAt: '2026-01-31T12:00:00.000Z',
  generation: 1,
  minerId: '7c7c7c7c-2222-4222-8222-222222222222',
  bootEpoch: 1,
  endpoint: { host: '127.0.0.1', port: 2201 },
  sshHostKey: `ssh-ed25519 ${'A'.repeat(68)}`,
  sshHostKeyAttested: false,
  waiting: null,
  placementFailure: null,
  platform: 'none',
  disk: { format: 'qcow2', sizeBytes: 1073741824, encryption: 'none' },
  requestedAt: '2026-01-31T11:59:00.000Z',
  revision: '6',
};

const event = (type: string, revision: number, data: object = {}): object => ({
  eventId: `${revision}0000000-0000-4000-8000-000000000000`,
  type,
  version: 1,
  stream: `vm-${vmId}`,
  revision: revision.toString(),
  position: `p${revision}`,
  recordedAt: '2026-01-31T12:00:00.000Z',
  actor: `owner:${accountId}`,
  correlationId: 'c',
  causationId: 'c',
  data,
});

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const machineWith = async (routes: Readonly<Record<string, Route>>) => {
  const api = await fakeApi(routes);
  const machine = fakeMachine({ HCC_URL: api.url });
  machine.write('t.token', `hcc_11111111-1111-4111-8111-111111111111_${'a'.repeat(43)}\n`);
  cleanups.push(api.close, machine.remove);
  return { ...machine, api, hcc: (...args: readonly string[]) => machine.hcc('--token-file', 't.token', ...args) };
};

describe('exit codes', () => {
  test.each([
    ['no such command', ['fly']],
    ['no such option', ['vm', 'ls', '--nope']],
    ['a missing argument', ['vm', 'status']],
    ['a noun without a verb', ['vm']],
    ['a number that is none', ['up', '--port', 'x']],
  ])('given %s, then 2 and nothing on stdout', async (_what, args) => {
    const { hcc } = await machineWith({});
    const ran = await hcc(...args);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).not.toBe('');
  });

  test('given nobody to talk to, then 3, with a fix', async () => {
    const { api, hcc } = await machineWith({});
    await api.close();
    expect(await hcc('vm', 'ls')).toMatchObject({
      code: 3,
      out: '',
      err: expect.stringContaining('fix: start the cluster'),
    });
  });

  test('given a no of the API, then 1; with --json stdout is one JSON value all the same', async () => {
    const { hcc } = await machineWith({ 'GET /v1/vms': problem(401, 'unauthenticated', 'no such token') });
    const ran = await hcc('vm', 'ls', '--json');
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.out)).toMatchObject({ ok: false, error: { code: 'unauthenticated' } });
  });

  test.each([[['--help']], [['vm', 'ssh', '--help']], [['up', '--help']], [['doctor', '--help']]])(
    'given %j, then 0 with examples',
    async (args) => {
      const { hcc } = await machineWith({});
      const ran = await hcc(...args);
      expect(ran.code).toBe(0);
      expect(ran.out).toContain('Examples:');
    },
  );
});

describe('hcc vm', () => {
  test('ls labels a VM that nothing protects', async () => {
    const { hcc } = await machineWith({ 'GET /v1/vms': json({ items: [vm] }) });
    const { out } = await hcc('vm', 'ls');
    expect(out).toContain('1a2b3c4d  web');
    expect(out).toContain('platform none (NOT confidential)');
  });

  test('ls --json is what the API said', async () => {
    const { hcc } = await machineWith({ 'GET /v1/vms': json({ items: [vm] }) });
    expect(JSON.parse((await hcc('vm', 'ls', '--json')).out)).toEqual([vm]);
  });

  test('status shows both words with their sentences, and the key that nobody vouches for', async () => {
    const { hcc } = await machineWith({ 'GET /v1/vms': json({ items: [vm] }) });
    const { out } = await hcc('vm', 'status', '1a2b');
    expect(out).toContain('running: its owner wants it running');
    expect(out).toContain('running: it runs and takes logins');
    expect(out).toContain('UNATTESTED');
  });

  test('rm asks first, and without anybody to ask does nothing', async () => {
    const { hcc, api } = await machineWith({ 'GET /v1/vms': json({ items: [vm] }) });
    expect(await hcc('vm', 'rm', 'web')).toMatchObject({ code: 2, err: expect.stringContaining('--yes') });
    expect(api.asked.map(({ method }) => method)).toEqual(['GET']);
  });

  test('stop waits, showing the timeline on stderr and the VM on stdout', async () => {
    const { hcc, api } = await machineWith({
      'GET /v1/vms': json({ items: [vm] }),
      [`POST /v1/vms/${vmId}/stop`]: json(
        { stream: `vm-${vmId}`, revision: '7', position: 'p7', events: ['VmStopRequested'] },
        202,
      ),
      [`GET /v1/streams/vm-${vmId}/follow`]: (_asked, answer) => {
        answer.write(
          `data: ${JSON.stringify(event('VmStopRequested', 7, { reason: 'lunch', deadlineAt: '2026-01-31T12:00:00.000Z' }))}\n\n`,
        );
        answer.write(`data: ${JSON.stringify(event('VmStopped', 8))}\n\n`);
      },
      [`GET /v1/vms/${vmId}`]: json({ ...vm, desired: 'stopped', observed: 'stopped', endpoint: null }),
    });
    const ran = await hcc('vm', 'stop', 'web', '--reason', 'lunch', '--json');
    expect(ran.code).toBe(0);
    expect(ran.err).toContain('stop wanted: lunch');
    expect(JSON.parse(ran.out)).toMatchObject({ observed: 'stopped' });
    expect(api.asked.find(({ path }) => path.endsWith('/follow'))?.query.get('from')).toBe('7');
    expect(api.asked.at(-1)?.query.get('atLeast')).toBe('p8');
  });

  test('create makes the id itself, and a VM that fails is exit 1 with the reason', async () => {
    const id = '00000000-0000-4000-8000-000000000001';
    const { hcc, api } = await machineWith({
      'GET /v1/whoami': json({ role: 'owner', tokenId: 't', accountId, network: { name: 'local', kind: 'simulated' } }),
      'GET /v1/images': json({
        items: [
          {
            digest: vm.imageDigest,
            manifest: { name: 'tiny', version: '1', architecture: 'x86_64', sshUser: 'root', minMemoryBytes: 1 },
          },
        ],
      }),
      'POST /v1/vms': json({ stream: `vm-${id}`, revision: '0', position: 'p0', events: ['VmRequested'] }, 202),
      [`GET /v1/streams/vm-${id}/follow`]: (_asked, answer) =>
        void answer.write(
          `data: ${JSON.stringify(event('VmRefused', 0, { code: 'insufficient-credits', detail: '3 available, 10 wanted' }))}\n\n`,
        ),
    });
    const ran = await hcc('vm', 'create', '--name', 'web');
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err).toContain('refused, insufficient-credits: 3 available, 10 wanted');
    expect(JSON.parse(api.asked.find(({ method }) => method === 'POST')?.body ?? '')).toEqual({
      vmId: id,
      accountId,
      name: 'web',
      flavorId: 'nano',
      imageDigest: vm.imageDigest,
    });
  });

  test('ssh refuses an endpoint that would be an option of ssh', async () => {
    const { hcc } = await machineWith({
      'GET /v1/vms': json({ items: [{ ...vm, endpoint: { host: '-oProxyCommand=id', port: 22 } }] }),
    });
    expect(await hcc('vm', 'ssh', 'web')).toMatchObject({ code: 1, err: expect.stringContaining('is not one') });
  });

  test('ssh says that the key is unattested, and does not take another one later', async () => {
    let key = vm.sshHostKey;
    const { hcc } = await machineWith({
      // Port 1 has no ssh server: what is seen here is what happens before one is asked.
      'GET /v1/vms': (asked, answer) =>
        json({ items: [{ ...vm, endpoint: { host: '127.0.0.1', port: 1 }, sshHostKey: key }] })(asked, answer),
    });
    const first = await hcc('vm', 'ssh', 'web', '--', 'true');
    expect(first).toMatchObject({ code: 255, err: expect.stringContaining('UNATTESTED') });
    key = `ssh-ed25519 ${'B'.repeat(68)}`;
    const second = await hcc('vm', 'ssh', 'web', '--', 'true');
    expect(second).toMatchObject({ code: 1, err: expect.stringContaining('--repin') });
  });
});

describe('the other nouns', () => {
  test('stream show tells a story from a short name', async () => {
    const { hcc } = await machineWith({
      'GET /v1/streams': json({ items: [{ stream: `vm-${vmId}`, events: 1, lastAt: null }] }),
      [`GET /v1/streams/vm-${vmId}`]: json({ items: [event('VmStartRequested', 0)] }),
    });
    const { out } = await hcc('stream', 'show', 'vm-1a2b');
    expect(out).toBe(
      '2026-01-31T12:00:00.000Z  VmStartRequested        owner acc00000            start wanted  because it was asked for\n',
    );
  });

  test('key add never sends a private key', async () => {
    const { hcc, api, write } = await machineWith({});
    write('id', '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n');
    expect(await hcc('key', 'add', 'id')).toMatchObject({
      code: 2,
      err: expect.stringContaining('hcc key add id.pub'),
    });
    expect(api.asked).toEqual([]);
  });

  test('account open keeps the new owner token in a private file, and sends only its digest', async () => {
    const accepted = json({ stream: 's', revision: '0', position: 'p', events: ['AccountOpened'] }, 202);
    const id = '00000000-0000-4000-8000-000000000001';
    const { hcc, api, path } = await machineWith({
      'POST /v1/accounts': accepted,
      [`POST /v1/accounts/${id}/tokens`]: accepted,
    });
    expect(await hcc('account', 'open', 'alice', '--owner-token', 'alice.token')).toMatchObject({
      code: 0,
      out: `${id}\n`,
    });
    expect(readFileSync(path('alice.token'), 'utf8')).toMatch(/^hcc_.*_s{43}\n$/);
    expect((statSync(path('alice.token')).mode & 0o777).toString(8)).toBe('600');
    expect(api.asked.map(({ body }) => body).join()).not.toContain('s'.repeat(43));
  });

  test('miner invite prints the join token and sends only its digest', async () => {
    const { hcc, api } = await machineWith({
      'POST /v1/miners': json({ stream: 's', revision: '0', position: 'p', events: ['MinerInvited'] }, 202),
    });
    const ran = await hcc('miner', 'invite', 'berlin-1');
    expect(ran.out).toBe(`${'s'.repeat(43)}\n`);
    expect(ran.err).toContain('HCC_JOIN_TOKEN_FILE');
    expect(api.asked[0]?.body).not.toContain('sss');
  });

  test('parked ls says that nothing is', async () => {
    const { hcc } = await machineWith({ 'GET /v1/parked': json({ items: [] }) });
    expect(await hcc('parked', 'ls')).toMatchObject({ code: 0, out: 'nothing is parked\n' });
  });
});

describe('hcc doctor', () => {
  test('runs every check, names each by its code, and skips what needs a cluster when there is none', async () => {
    const machine = fakeMachine();
    cleanups.push(machine.remove);
    const { ok, checks } = JSON.parse((await machine.hcc('doctor', '--json')).out);
    const statusOf = (code: string): string => checks.find((each: { code: string }) => each.code === code)?.status;
    expect([statusOf('node-version'), statusOf('home-writable'), statusOf('api-reachable')]).toEqual([
      'PASS',
      'PASS',
      'SKIP',
    ]);
    expect(ok).toBe(checks.every((each: { status: string }) => each.status !== 'FAIL'));
    expect(existsSync(machine.path('.hcc'))).toBe(false);
  });

  test('given a part that is not ready, then that part fails by name, and the exit code is 1', async () => {
    const { hcc } = await machineWith({
      'GET /healthz': json({ status: 'up' }),
      'GET /readyz': json(
        { parts: { store: { ready: true }, bus: { ready: false, detail: 'nats-server is gone' } } },
        503,
      ),
    });
    const ran = await hcc('doctor');
    expect(ran.code).toBe(1);
    expect(ran.out).toMatch(/PASS {2}ready-store/);
    expect(ran.out).toMatch(/FAIL {2}ready-bus .*nats-server is gone/);
  });
});
