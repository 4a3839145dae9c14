import { afterEach, describe, expect, test } from 'vitest';
import { json, problem, type Route } from '../../../../test/cli/fake-api.ts';
import { cleanUp, machineWith } from '../../../../test/cli/machine-with.ts';
import { miner, minerId, vm, vmId } from '../../../../test/cli/samples.ts';

afterEach(cleanUp);

/** One answer after the other; the last one again and again. */
const inTurn = (...routes: readonly [Route, ...Route[]]): Route => {
  let asked = 0;
  return (one, answer) => {
    const route = routes[Math.min(asked, routes.length - 1)] ?? routes[0];
    asked += 1;
    route(one, answer);
  };
};

describe('hcc vm console', () => {
  test('--lines shows the last ones, whether the last is ended or not', async () => {
    const part = (text: string) => json({ text, start: 0, end: text.length });
    const { hcc } = await machineWith({
      'GET /v1/vms': json({ items: [vm] }),
      [`GET /v1/vms/${vmId}/console`]: inTurn(part('one\ntwo\nthree\n'), part('one\ntwo\nlogin: ')),
    });
    expect((await hcc('vm', 'console', 'web', '--lines', '2')).out).toBe('two\nthree\n');
    expect((await hcc('vm', 'console', 'web', '-n', '1')).out).toBe('login: \n');
  });

  test('--follow shows each byte once, says what was not kept, and ends when the VM is gone', async () => {
    const afters: (string | null)[] = [];
    const said: Route = inTurn(
      json({ text: 'boot\n', start: 0, end: 5 }),
      json({ text: 'login: ', start: 5, end: 12 }),
      json({ text: 'late\n', start: 100, end: 105 }),
      problem(503, 'bus-unavailable', 'the miner did not answer'),
      json({ text: '', start: 105, end: 105 }),
      problem(404, 'vm-not-found', 'there is no such VM'),
    );
    const { hcc } = await machineWith({
      'GET /v1/vms': json({ items: [vm] }),
      [`GET /v1/vms/${vmId}/console`]: (asked, answer) => {
        afters.push(asked.query.get('after'));
        said(asked, answer);
      },
    });
    const { out, err, code } = await hcc('vm', 'console', 'web', '--follow');
    expect(out).toBe('boot\nlogin: late\n');
    expect(afters).toEqual([null, '5', '12', '105', '105', '105']);
    expect(err).toContain('hcc: 88 bytes were not kept\n');
    expect(err).toMatch(/asking again\nhcc: the miner answers again\n/);
    expect(err).toContain('there is no such VM');
    expect(code).not.toBe(0);
  });
});

test('hcc vm metrics tells what was used, and that the network is not counted', async () => {
  const usage = {
    ...{ cpuTimeMs: 5_300, uptimeMs: 57_100, diskReadBytes: 6 * 1024 ** 2, diskReadOperations: 238 },
    ...{ diskWrittenBytes: 0, diskWriteOperations: 0 },
  };
  const metrics = {
    ...{ vmId, takenAt: '2026-01-31T12:00:00.000Z', boot: { bootEpoch: 2, usage }, total: usage },
    ...{ memoryBytes: null, networkBytes: null, heldBy: ['cpu', 'disk-rate'] },
  };
  const { hcc } = await machineWith({
    'GET /v1/vms': json({ items: [vm] }),
    [`GET /v1/vms/${vmId}/metrics`]: json(metrics),
  });
  const { out } = await hcc('vm', 'metrics', 'web');
  expect(out).toMatch(/boot 2 +up 57.1 s, processor 5.3 s, disk read 6 MiB in 238, written 0 B in 0\n/);
  expect(out).toMatch(/network +- \(nothing counts it\)\nheld by +cpu, disk-rate\n/);
  expect(JSON.parse((await hcc('vm', 'metrics', 'web', '--json')).out)).toEqual(metrics);
});

describe('hcc miner doctor', () => {
  const check = { code: 'HCC-H003', name: 'control groups', wanted: 'cpu', observed: 'none\u001b[2J', fix: 'be root' };
  const answer = (checks: unknown) =>
    machineWith({
      'GET /v1/miners': json({ items: [miner] }),
      [`GET /v1/miners/${minerId}/checks`]: json({
        ...{ minerId, name: 'miner-1', checkedAt: '2026-01-31T12:00:00.000Z', checks },
      }),
    });

  test.each([
    ['PASS', 0],
    ['WARN', 1],
    ['FAIL', 2],
  ])('a host whose check is a %s: its line, and exit code %i', async (status, code) => {
    const { hcc } = await answer([{ ...check, status }]);
    const ran = await hcc('miner', 'doctor', 'miner-1');
    expect(ran.code).toBe(code);
    expect(ran.out).toMatch(new RegExp(`^${status} {2}HCC-H003 {2}control groups {2}observed none`));
    expect(ran.out, 'a host writes nothing but text to the terminal').not.toContain('\u001b');
  });

  test('--at shows the checks of then, under a line that says as of when', async () => {
    const moment = '2026-01-31T11:00:00.000Z';
    const asOf = { at: moment, position: 'p.4', revision: '3', recordedAt: moment };
    const { hcc, api } = await machineWith({
      'GET /v1/miners': json({ items: [miner] }),
      [`GET /v1/miners/${minerId}/checks`]: json({
        ...{ minerId, name: 'miner-1', checkedAt: moment, checks: [{ ...check, status: 'FAIL' }], stale: null, asOf },
      }),
    });
    const { out, code } = await hcc('miner', 'doctor', 'miner-1', '--at', moment);
    expect(out).toMatch(/^as of .*position p\.4: event 3 of its stream.*\nFAIL {2}HCC-H003/);
    expect([code, api.asked.at(-1)?.query.get('at')]).toEqual([2, moment]);
  });

  test('a host that said nothing yet is told from one that is well', async () => {
    const { hcc } = await answer(null);
    const { code, err } = await hcc('miner', 'doctor', 'miner-1');
    expect(code).toBe(1);
    expect(err).toContain('nothing is known of the host of miner miner-1');
  });
});
