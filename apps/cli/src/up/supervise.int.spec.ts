import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createSystemClock } from '#adapters/system';
import { readCoreLimit } from '#edge';
import { limits } from '../limits.ts';
import { failureOf } from '../output/errors.ts';
import { childProgram } from './child.ts';
import { createFleet } from './fleet.ts';
import type { Look } from './not-yet.ts';
import { type Supervised, startSupervised } from './supervise.ts';

const clock = createSystemClock();
const deadlineMs = 10_000;
const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A real node child that runs `script`, in a directory of its own. */
const child = (script: string, stopMs = 5_000, ownClock = clock) => {
  const dir = mkdtempSync(join(tmpdir(), 'hcc-sup-'));
  cleanups.push(async () => rmSync(dir, { recursive: true, force: true }));
  const notes: string[] = [];
  const pids: (number | null)[] = [];
  const gaveUp: Error[] = [];
  const path = (name: string): string => join(dir, name);
  const program = childProgram(
    {
      name: 'worker',
      command: process.execPath,
      args: ['-e', `const fs = require('node:fs'); ${script}`],
      env: { ...process.env, DIR: dir },
      logFile: path('worker.log'),
      stopMs,
    },
    ownClock,
    (text) => notes.push(text),
  );
  const supervision = {
    clock: ownClock,
    note: (text: string) => void notes.push(text),
    onProcess: async (_name: string, pid: number | null) => void pids.push(pid),
    onGaveUp: (error: Error) => void gaveUp.push(error),
  };
  const start = (isReady: () => boolean, signal?: AbortSignal): Promise<Supervised> =>
    startBy(async () => (isReady() ? null : { says: 'starts', mark: '' }), signal);
  const startBy = async (look: Look, signal = new AbortController().signal): Promise<Supervised> => {
    const supervised = await startSupervised(program, look, supervision, { signal, waits: () => undefined });
    cleanups.push(() => supervised.stop());
    return supervised;
  };
  return { start, startBy, path, notes, pids, gaveUp };
};

const until = async (what: string, look: () => boolean): Promise<void> => {
  for (const end = clock.now() + deadlineMs; !look(); await clock.sleep(20)) {
    if (clock.now() > end) throw new Error(`never: ${what}`);
  }
};

const isAlive = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.startsWith('Z') === false;
  } catch {
    return false;
  }
};

const lastPid = (pids: readonly (number | null)[]): number => pids.findLast((pid) => pid !== null) ?? -1;

/** Says it is ready by a file, and stays until it is told to go. */
const obedient = "fs.writeFileSync(process.env.DIR + '/ready', ''); setInterval(() => {}, 1000);";

describe('a child at its start', () => {
  test('given it dies before it is ready, then its last words and its log are in the error, and it is not started again', async () => {
    const { start, pids, path } = child('console.error(\'{"msg":"port 1 is taken"}\'); process.exit(1);');
    const failed = await start(() => false).catch(failureOf);
    expect(failed).toMatchObject({
      code: 'child-died',
      message: 'worker exited with code 1',
      more: ['port 1 is taken'],
      fix: `its log is ${path('worker.log')}`,
    });
    expect(pids.map((pid) => pid === null)).toEqual([false, true]);
  });

  test('given we are told to stop while it starts, then it is ended', async () => {
    const { start, pids } = child('setInterval(() => {}, 1000);');
    const stop = new AbortController();
    const starting = start(() => false, stop.signal);
    await until('it runs', () => pids.length > 0);
    stop.abort(new Error('enough'));
    await expect(starting).rejects.toThrow('enough');
    expect(isAlive(lastPid(pids))).toBe(false);
  });
});

describe('a child that takes long to be ready', () => {
  /** A clock on which every look takes a third of what a silent child is given. */
  const hurried = () => {
    let now = clock.now();
    return { ...clock, now: () => (now += limits.childReadyMs / 3), sleep: async () => undefined };
  };

  test('given it gets on / then it is waited for, however long that is', async () => {
    const { startBy, pids } = child('setInterval(() => {}, 1000);', 5_000, hurried());
    let looks = 0;
    await startBy(async () => (++looks > 20 ? null : { says: 'reads', mark: `at ${looks}` }));
    expect(isAlive(lastPid(pids))).toBe(true);
  });

  test('given it says the same all the time / then it is given up with what that was, and ended', async () => {
    const { startBy, pids } = child('setInterval(() => {}, 1000);', 5_000, hurried());
    const failed = await startBy(async () => ({ says: 'reads, at 7', mark: 'at 7' })).catch(failureOf);
    expect(failed).toMatchObject({ code: 'child-not-ready', observed: expect.stringContaining('than: reads, at 7') });
    expect(isAlive(lastPid(pids))).toBe(false);
  });
});

describe('a child that runs', () => {
  test('may leave no core file, and may not take that back', async () => {
    const { start, path, pids } = child("fs.writeFileSync(process.env.DIR + '/up', ''); setInterval(() => {}, 1000)");
    await start(() => existsSync(path('up')));
    expect(await readCoreLimit(pids[0] ?? 0)).toEqual({ soft: '0', hard: '0' });
    expect(readFileSync(`/proc/${pids[0]}/coredump_filter`, 'utf8')).toBe('00000000\n');
  });

  test('given kill -9, then its death is told by name and it is started again', async () => {
    const { start, pids, notes, path } = child(obedient);
    await start(() => existsSync(path('ready')));
    const first = lastPid(pids);
    process.kill(first, 'SIGKILL');
    await until('it is back', () => lastPid(pids) !== first);
    expect(isAlive(lastPid(pids))).toBe(true);
    expect(notes.join('\n')).toMatch(/worker was ended by SIGKILL; starting it again in \d+ ms/);
  });

  test('given it keeps dying, then it is tried again, each time later, and given up at last', async () => {
    // Pauses are cut short, and told as they are.
    const hasty = { ...clock, sleep: (ms: number, signal?: AbortSignal) => clock.sleep(Math.min(ms, 5), signal) };
    const { start, path, pids, notes, gaveUp } = child(
      `if (fs.existsSync(process.env.DIR + '/ready')) process.exit(7); ${obedient}`,
      5_000,
      hasty,
    );
    await start(() => existsSync(path('ready')));
    process.kill(lastPid(pids), 'SIGKILL');
    await until('it is given up', () => gaveUp.length > 0);
    expect(notes.map((note) => /in (\d+) (ms|s)/.exec(note)?.[0])).toEqual([
      'in 250 ms',
      'in 500 ms',
      'in 1 s',
      'in 2 s',
      'in 4 s',
      'in 8 s',
      'in 8 s',
      'in 8 s',
    ]);
    expect(gaveUp.map(({ message }) => message)).toEqual(['worker exited with code 7']);
  });

  test('given SIGTERM does not move it, then it is killed after its time', async () => {
    const { start, pids, path, notes } = child(`process.on('SIGTERM', () => {}); ${obedient}`, 300);
    const supervised = await start(() => existsSync(path('ready')));
    await supervised.stop();
    expect(isAlive(lastPid(pids))).toBe(false);
    expect(notes.join()).toContain('worker did not stop in 300 ms and is ended');
  });

  test('given it is stopped, then it stays so, and a second stop finds nothing to do', async () => {
    const { start, pids, path, notes } = child(obedient);
    const supervised = await start(() => existsSync(path('ready')));
    await supervised.stop();
    await supervised.stop();
    expect(pids.filter((pid) => pid !== null)).toHaveLength(1);
    expect(notes).toEqual([]);
  });
});

test('a fleet stops its miners together and first, then the rest from the last to the first', async () => {
  const order: string[] = [];
  const fleet = createFleet();
  for (const name of ['nats-server', 'orchestrator', 'miner-1', 'miner-2']) {
    fleet.add({ name, stop: async () => void order.push(name), kill: () => undefined });
  }
  await fleet.stop(() => undefined);
  await fleet.stop(() => undefined);
  expect(order).toEqual(['miner-1', 'miner-2', 'orchestrator', 'nats-server']);
});
