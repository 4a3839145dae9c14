import { describe, expect, onTestFinished, test } from 'vitest';
import { createManualClock } from '#adapters/memory';
import type { HostCheck } from '#domain';
import { limits } from '../limits.ts';
import { createLookAgain } from './look-again.ts';

const bus = (status: HostCheck['status']): HostCheck => ({
  ...{ code: 'HCC-H020', name: 'message bus', status, observed: `it is ${status}`, wanted: 'a NATS server' },
  fix: status === 'PASS' ? null : 'start it',
});
const disk = (status: HostCheck['status']): HostCheck => ({ ...bus(status), code: 'HCC-H004', name: 'disk space' });

/** An agent that looks again, at a host that a spec changes. */
const looking = async () => {
  const host = { bus: bus('PASS'), disk: disk('PASS') };
  const told: string[] = [];
  const logged: string[] = [];
  const clock = createManualClock();
  const part = createLookAgain({
    lookAtNetwork: async () => [host.bus],
    look: async () => [host.bus, host.disk],
    tell: ({ code, status }) => told.push(`${code} ${status}`),
    clock,
    log: (level, message, fields) => logged.push(`${level} ${message} ${fields?.code} ${fields?.status}`),
  });
  onTestFinished(() => part.stop());
  await part.start();
  await expect.poll(() => told.length).toBeGreaterThan(0);
  const pass = async (ms: number): Promise<readonly string[]> => {
    told.length = 0;
    await clock.advance(ms);
    return [...told];
  };
  return { host, told, logged, part, pass };
};

describe('a host that is looked at again', () => {
  test('given a host that has just enrolled / when its agent has a bus / then that is looked at, and told', async () => {
    const { told } = await looking();
    expect(told).toEqual(['HCC-H020 PASS']);
  });

  test('given a host that was well / when its disk fills / then that is told at the next look, and said in the log once', async () => {
    const { host, logged, pass } = await looking();
    expect(await pass(limits.hostCheckMs)).toEqual(['HCC-H020 PASS', 'HCC-H004 PASS']);
    host.disk = disk('FAIL');
    expect(await pass(limits.hostCheckMs)).toEqual(['HCC-H020 PASS', 'HCC-H004 FAIL']);
    expect(await pass(limits.hostCheckFailingMs)).toEqual(['HCC-H020 PASS', 'HCC-H004 FAIL']);
    expect(logged).toEqual(['warn host check changed HCC-H004 FAIL']);
  });

  test('given a check that fails / when it is mended / then that is told within a minute, and the next look waits again', async () => {
    const { host, logged, pass } = await looking();
    host.bus = bus('FAIL');
    await pass(limits.hostCheckMs);
    host.bus = bus('PASS');
    expect(await pass(limits.hostCheckFailingMs)).toContain('HCC-H020 PASS');
    expect(logged).toEqual(['warn host check changed HCC-H020 FAIL', 'info host check changed HCC-H020 PASS']);
    expect(await pass(limits.hostCheckFailingMs)).toEqual([]);
  });

  test('given an agent that stops / when time passes / then nothing is looked at any more', async () => {
    const { part, pass } = await looking();
    await part.stop();
    expect(await pass(2 * limits.hostCheckMs)).toEqual([]);
  });
});
