import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { coreDumpsAllowed, denyCoreDumps, readCoreLimit, withoutCoreDumps } from './core-limit.ts';

/** A process that may leave a core file, and that is there until the test ends. */
const crashable = async (): Promise<number> => {
  const child: ChildProcess = spawn('/bin/sh', ['-c', 'ulimit -S -c 8 && echo ready && exec cat'], { stdio: 'pipe' });
  onTestFinished(() => void child.kill('SIGKILL'));
  if (child.stdout !== null) await once(child.stdout, 'data');
  return child.pid ?? 0;
};

test('given a process that may leave a core file / when that is denied / then it may not, and may not take it back', async () => {
  const pid = await crashable();
  expect((await readCoreLimit(pid))?.soft).not.toBe('0');
  expect(await denyCoreDumps(pid)).toBeNull();
  expect(await readCoreLimit(pid)).toEqual({ soft: '0', hard: '0' });
  expect(await readFile(`/proc/${pid}/coredump_filter`, 'utf8'), 'for a kernel that asks no limit').toBe('00000000\n');
  expect(await denyCoreDumps(pid), 'again').toBeNull();
});

test('given no prlimit / when it is denied / then what is still allowed is told', async () => {
  const pid = await crashable();
  const { PATH } = process.env;
  process.env.PATH = '/nowhere';
  onTestFinished(() => {
    process.env.PATH = PATH;
  });
  expect(await denyCoreDumps(pid)).toMatch(/^[1-9]\d*$/);
});

test('given a process that is gone / then nobody tells, and that is no "nothing"', async () => {
  expect([await readCoreLimit(4_194_303), await denyCoreDumps(4_194_303)]).toEqual([null, 'unknown']);
});

test('given a program that may leave none / then nothing is said of it', async () => {
  const said: string[] = [];
  await withoutCoreDumps((_, what) => void said.push(what));
  expect([said, (await readCoreLimit(process.pid))?.soft]).toEqual([[], '0']);
  expect(coreDumpsAllowed).toContain('keys');
});
