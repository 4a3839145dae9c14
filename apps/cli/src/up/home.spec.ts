import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { failureOf } from '../output/errors.ts';
import { claimHome } from './home.ts';

const withHome = async (work: (dir: string) => Promise<void>): Promise<void> => {
  const dir = mkdtempSync(join(tmpdir(), 'hcc-home-'));
  try {
    await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
};

test('given a home that a live process has, then a second one is refused by name and fix', () =>
  withHome(async (dir) => {
    const home = await claimHome(dir);
    await home.announce({ url: 'http://127.0.0.1:7070', startedAt: '2026-01-31T12:00:00.000Z' });
    expect(await claimHome(dir).catch(failureOf)).toMatchObject({
      code: 'already-up',
      observed: `process ${process.pid} at http://127.0.0.1:7070`,
      fix: expect.stringContaining('--home'),
      exitCode: 1,
    });
    await home.release();
    await expect(claimHome(dir)).resolves.toBeDefined();
  }));

test.each([
  ['a process that is gone', '{"pid":4194303,"startTicks":"1"}'],
  ['another process that got its number', `{"pid":${process.pid},"startTicks":"1"}`],
  ['half a file', '{"pi'],
])('given a home that was left by %s, then it is taken', (_whom, text) =>
  withHome(async (dir) => {
    writeFileSync(join(dir, 'up.pid'), text);
    await expect(claimHome(dir)).resolves.toBeDefined();
  }),
);

test('the directories of a home are private', () =>
  withHome(async (dir) => {
    await claimHome(dir);
    expect((statSync(join(dir, 'secrets')).mode & 0o777).toString(8)).toBe('700');
  }));

test('children that run are found by whoever comes next, those that are gone are not', () =>
  withHome(async (dir) => {
    const home = await claimHome(dir);
    await home.noteChild('orchestrator', process.pid);
    await home.noteChild('miner-1', process.pid);
    await home.noteChild('miner-1', null);
    writeFileSync(join(dir, 'pids', 'nats-server.json'), '{"pid":4194303,"startTicks":"1"}');
    const left = await home.leftovers();
    expect(left.map(({ name }) => name)).toEqual(['orchestrator']);
    expect(left[0]?.identity.pid).toBe(process.pid);
  }));

test('the cluster file says where it answers until it is taken back', () =>
  withHome(async (dir) => {
    const home = await claimHome(dir);
    await home.announce({ url: 'http://127.0.0.1:1', startedAt: '2026-01-31T12:00:00.000Z' });
    expect(JSON.parse(readFileSync(join(dir, 'cluster.json'), 'utf8'))).toEqual({
      url: 'http://127.0.0.1:1',
      pid: process.pid,
      startedAt: '2026-01-31T12:00:00.000Z',
    });
    await home.announce(null);
    expect(() => statSync(join(dir, 'cluster.json'))).toThrow('ENOENT');
  }));
