import { afterEach, describe, expect, test } from 'vitest';
import { json, problem, type Route } from '../../../../test/cli/fake-api.ts';
import { cleanUp, machineWith } from '../../../../test/cli/machine-with.ts';
import { event, vm, vmId } from '../../../../test/cli/samples.ts';

afterEach(cleanUp);

const stream = `vm-${vmId}`;
const at = (type: string, revision: number) =>
  json({ stream, revision: `${revision}`, position: `p${revision}`, events: [type] }, 202);
const says =
  (...types: readonly string[]): Route =>
  (asked, answer) => {
    const from = Number(asked.query.get('from'));
    const told = types.map((type, index) => event(type, 7 + index));
    for (const each of told.slice(from - 7)) answer.write(`data: ${JSON.stringify(each)}\n\n`);
  };
const keys = (state: string) => ({
  sshKeys: { fingerprints: ['SHA256:one'], version: 2, state, text: 'a sentence about it' },
});

describe('hcc vm resize', () => {
  test('of a VM that runs says what to do, and stops nothing', async () => {
    const no = problem(409, 'vm-not-stopped', 'VM is running; stop it first', { fix: 'stop it first' });
    const { hcc, api } = await machineWith({
      'GET /v1/vms': json({ items: [vm] }),
      [`POST /v1/vms/${vmId}/resize`]: no,
    });
    expect(await hcc('vm', 'resize', 'web', '--flavor', 'micro')).toMatchObject({
      ...{ code: 1, err: expect.stringContaining('stop it first') },
    });
    expect(api.asked.some(({ path }) => path.endsWith('/stop'))).toBe(false);
  });

  test('--restart stops it, resizes it and starts it, in that order', async () => {
    let asked = 0;
    const { hcc, api } = await machineWith({
      'GET /v1/vms': json({ items: [vm] }),
      [`GET /v1/vms/${vmId}`]: json({ ...vm, flavorId: 'micro' }),
      [`POST /v1/vms/${vmId}/resize`]: (one, answer) =>
        (asked++ === 0 ? problem(409, 'vm-not-stopped', 'it runs') : at('VmResizeRequested', 9))(one, answer),
      [`POST /v1/vms/${vmId}/stop`]: at('VmStopRequested', 7),
      [`POST /v1/vms/${vmId}/start`]: at('VmStartRequested', 11),
      [`GET /v1/streams/${stream}/follow`]: says(
        ...['VmStopRequested', 'VmStopped', 'VmResizeRequested', 'VmResized', 'VmStartRequested', 'VmRunning'],
      ),
    });
    expect((await hcc('vm', 'resize', 'web', '--flavor', 'micro', '--restart')).code).toBe(0);
    const posted = api.asked.filter(({ method }) => method === 'POST').map(({ path }) => path.split('/').at(-1));
    expect(posted).toEqual(['resize', 'stop', 'resize', 'start']);
  });

  test('--disk asks for the disk alone, and says so when it did not come of it; nothing asked is a usage error', async () => {
    const grown = (diskBytes: number) => json({ ...vm, size: { ...vm.size, diskBytes } });
    let shown = 2 * 1024 ** 3;
    const { hcc, api } = await machineWith({
      'GET /v1/vms': json({ items: [vm] }),
      [`GET /v1/vms/${vmId}`]: (asked, answer) => grown(shown)(asked, answer),
      [`POST /v1/vms/${vmId}/resize`]: json({ stream, revision: '7', position: 'p7', events: [] }),
    });
    expect((await hcc('vm', 'resize', 'web', '--disk', '2GiB')).code).toBe(0);
    expect(JSON.parse(api.asked.find(({ method }) => method === 'POST')?.body ?? '')).toEqual({ diskBytes: shown });
    shown = 1024 ** 3;
    const { code, err } = await hcc('vm', 'resize', 'web', '--disk', '2GiB', '--flavor', vm.flavorId);
    expect([code, err]).toEqual([1, expect.stringContaining('with 1 GiB of disk')]);
    expect(err).toContain('with 2 GiB of disk');
    expect(await hcc('vm', 'resize', 'web')).toMatchObject({ code: 2, err: expect.stringContaining('--disk or both') });
  });

  test('that its miner refuses is a bad answer with the reason', async () => {
    const { hcc } = await machineWith({
      'GET /v1/vms': json({ items: [vm] }),
      [`POST /v1/vms/${vmId}/resize`]: at('VmResizeRequested', 7),
      [`GET /v1/streams/${stream}/follow`]: says('VmResizeRequested', 'VmResizeRefused'),
    });
    const ran = await hcc('vm', 'resize', 'web', '--flavor', 'micro');
    expect(ran.code).toBe(1);
    expect(ran.err).toContain('VmResizeRefused');
    expect(ran.err).toContain('fix: ask for what its miner has room for');
  });
});

describe('hcc vm keys', () => {
  test('shows where the keys count, and changes them by a beginning of a fingerprint', async () => {
    const shown = { ...vm, ...keys('next-boot') };
    const { hcc, api } = await machineWith({
      'GET /v1/vms': json({ items: [shown] }),
      [`GET /v1/vms/${vmId}`]: json(shown),
      [`POST /v1/vms/${vmId}/ssh-keys`]: json({
        ...{ stream, revision: '7', position: 'p7', events: ['VmSshKeysChanged'], ...keys('next-boot') },
      }),
    });
    expect((await hcc('vm', 'keys', 'web')).out).toContain('1 (version 2), next-boot: a sentence about it');
    expect((await hcc('vm', 'keys', 'web', '--remove', 'one')).code).toBe(0);
    expect(JSON.parse(api.asked.find(({ method }) => method === 'POST')?.body ?? '')).toEqual({
      remove: ['SHA256:one'],
    });
  });
});

describe('hcc vm why-not', () => {
  const no = {
    ...{ ok: false, code: 'no-fit', answer: 'it would be accepted and wait for room: 1 memory', size: vm.size },
    ...{ counts: { memory: 1 }, position: 'p9' },
    miners: [{ minerId: vm.minerId, name: 'miner-1', fits: false, code: 'memory', text: '1 GiB free' }],
  };

  test('answers first and shows the evidence below, and a no is exit 1', async () => {
    const { hcc } = await machineWith({ 'GET /v1/why-not': json(no) });
    const ran = await hcc('vm', 'why-not', '--flavor', 'small');
    expect(ran.code).toBe(1);
    expect(ran.out).toMatch(/^no-fit: it would be accepted and wait.*\n\nMINER/);
    expect(ran.out).toContain('7c7c7c7c  miner-1  no: memory  1 GiB free');
    expect(JSON.parse((await hcc('vm', 'why-not', '--flavor', 'small', '--json')).out)).toEqual(no);
  });

  test('asks for a VM or a flavor, not both and not neither', async () => {
    const { hcc } = await machineWith({});
    expect((await hcc('vm', 'why-not')).code).toBe(2);
    expect((await hcc('vm', 'why-not', 'web', '--flavor', 'nano')).code).toBe(2);
  });
});
