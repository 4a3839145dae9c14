import { afterEach, describe, expect, test } from 'vitest';
import { json } from '../../../../test/cli/fake-api.ts';
import { cleanUp, machineWith } from '../../../../test/cli/machine-with.ts';
import { accountId, event, vm, vmId } from '../../../../test/cli/samples.ts';

afterEach(cleanUp);

describe('hcc vm', () => {
  test('ls labels a VM that nothing protects', async () => {
    const { hcc } = await machineWith({ 'GET /v1/vms': json({ items: [vm] }) });
    const { out } = await hcc('vm', 'ls');
    expect(out).toContain('1a2b3c4d  web');
    expect(out).toContain('platform none (NOT confidential)');
  });

  test('ls leaves out what is gone, until asked for all', async () => {
    const gone = { ...vm, name: 'old', desired: 'absent', observed: 'terminated' };
    const { hcc } = await machineWith({
      'GET /v1/vms': (asked, answer) =>
        json({ items: asked.query.get('gone') === 'false' ? [vm] : [vm, gone] })(asked, answer),
    });
    expect((await hcc('vm', 'ls')).out).not.toContain('old');
    expect((await hcc('vm', 'ls', '--all')).out).toContain('old');
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
      'GET /v1/whoami': json({
        role: 'owner',
        tokenId: 't',
        accountId,
        network: { id: accountId, name: 'local', kind: 'simulated' },
      }),
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
