import { existsSync } from 'node:fs';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { createMemoryEventStore } from '#adapters/memory';
import { StoreUnavailable } from '#events';
import { json } from '../../../../test/cli/fake-api.ts';
import { fakeMachine } from '../../../../test/cli/fake-machine.ts';
import { cleanUp, machineWith } from '../../../../test/cli/machine-with.ts';
import { boot } from '../../../../test/orchestrator/booted.ts';

afterEach(cleanUp);

type Line = { readonly code: string; readonly name: string; readonly status: string; readonly fix: string | null };

/** A cluster of its own, whose store a spec can fill up, and the doctor beside it. */
const cluster = async () => {
  const machine = fakeMachine();
  onTestFinished(machine.remove);
  const memory = createMemoryEventStore();
  let isFull = false;
  const head: typeof memory.head = async () => {
    if (isFull) throw new StoreUnavailable('disk-full', 'no space is left at /data');
    return memory.head();
  };
  const api = await boot({ store: { ...memory, head } });
  await expect.poll(async () => (await api.call('GET', '/readyz')).status, { timeout: 20_000 }).toBe(200);
  machine.write('operator.token', `${api.operator}\n`);
  const doctor = (token: string, ...more: readonly string[]) =>
    machine.hcc('--url', api.url, '--token-file', token, 'doctor', ...more);
  const fill = (): void => {
    isFull = true;
  };
  return { ...machine, api, doctor, fill };
};

describe('hcc doctor', () => {
  test('runs every check, names each by its code, and skips what needs a cluster when there is none', async () => {
    const machine = fakeMachine();
    onTestFinished(machine.remove);
    const { ok, checks } = JSON.parse((await machine.hcc('doctor', '--json')).out);
    const statusOf = (name: string): string => checks.find((each: Line) => each.name === name)?.status;
    expect([statusOf('node-version'), statusOf('home-writable'), statusOf('api-reachable')]).toEqual([
      'PASS',
      'PASS',
      'SKIP',
    ]);
    expect(ok).toBe(checks.every((each: Line) => each.status !== 'FAIL'));
    const codes = checks.map(({ code }: Line) => code);
    expect(codes, 'the list a host is checked by is in it').toEqual(expect.arrayContaining(['HCC-H001', 'HCC-H034']));
    expect(existsSync(machine.path('.hcc'))).toBe(false);
  });

  test('given a cluster that is well, then each line has a code of its own, and nothing of the cluster fails', async () => {
    const { doctor } = await cluster();
    const checks: readonly Line[] = JSON.parse((await doctor('operator.token', '--json')).out).checks;
    expect(new Set(checks.map(({ code }) => code)).size).toBe(checks.length);
    const ofCluster = checks.filter(({ code }) => code.startsWith('HCC-C'));
    expect(ofCluster.length).toBeGreaterThan(10);
    expect(ofCluster.filter(({ status }) => status !== 'PASS')).toEqual([]);
    for (const { status, fix, code } of checks)
      if (status === 'FAIL' || status === 'WARN') expect(fix, code).not.toBe(null);
    const { out } = await doctor('operator.token');
    expect(out.trimEnd().split('\n')).toHaveLength(checks.length);
    for (const line of out.trimEnd().split('\n'))
      expect(line).toMatch(/^(PASS|FAIL|WARN|SKIP) {2}HCC-\S+ +\S.* observed \S/);
  });

  test('given a store whose disk is full, then that part fails with what a person has to do, and the exit code is 2', async () => {
    const { doctor, fill } = await cluster();
    fill();
    const { code, out } = await doctor('operator.token');
    expect(code).toBe(2);
    expect(out).toMatch(
      /FAIL {2}HCC-C003-store .*no space is left at \/data \(this does not pass by itself: free space/,
    );
    expect(out).toMatch(/PASS {2}HCC-C003-bus /);
  });

  test.each([
    ['nobody knows', `hcc_${'1'.repeat(8)}-1111-4111-8111-111111111111_${'a'.repeat(43)}`],
    ['is none', 'hello'],
  ])(
    'given a token that %s, then that fails with what to do, and what needs none is checked all the same',
    async (_, token) => {
      const { doctor, write } = await cluster();
      write('other.token', `${token}\n`);
      const { code, out } = await doctor('other.token');
      expect(code).toBe(2);
      expect(out).toMatch(/FAIL {2}HCC-C002 .*; fix: \S/);
      expect(out).toMatch(/PASS {2}HCC-C003-store /);
    },
  );

  test('given a part that is not ready, then that part fails by name, and what is parked is a warning', async () => {
    const { hcc } = await machineWith({
      'GET /healthz': json({ status: 'up' }),
      'GET /readyz': json(
        {
          ready: false,
          parts: [
            { name: 'store', ready: true, detail: null },
            { name: 'bus', ready: false, detail: 'nats-server is gone' },
          ],
          parked: 2,
        },
        503,
      ),
    });
    const ran = await hcc('doctor');
    expect(ran.code).toBe(2);
    expect(ran.out).toMatch(/PASS {2}HCC-C003-store +ready-store/);
    expect(ran.out).toMatch(/FAIL {2}HCC-C003-bus +ready-bus .*nats-server is gone/);
    expect(ran.out).toMatch(/WARN {2}HCC-C004 +parked-events .*2 parked.*hcc parked ls/);
  });
});
