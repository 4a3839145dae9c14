import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { limits } from './limits.ts';
import { inWorkDir } from './work-dir.ts';

let parent = '';
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'hcc-builds-'));
  return () => rm(parent, { recursive: true, force: true });
});

/** What a build of this very process writes down of itself, with what is changed. */
const left = async (name: string, change: Readonly<Record<string, unknown>> | null): Promise<void> => {
  const own = await inWorkDir(parent, async (dir) => JSON.parse(await readFile(join(dir, 'maker.json'), 'utf8')));
  await mkdir(join(parent, name, 'out'), { recursive: true });
  if (change !== null) await writeFile(join(parent, name, 'maker.json'), JSON.stringify({ ...own, ...change }));
};
const begunLongAgo = async (name: string): Promise<void> => {
  const then = (performance.timeOrigin - 2 * limits.buildMsMax) / 1_000;
  await utimes(join(parent, name), then, then);
};
/** What is beside a build while it is at work, and what is there afterwards. */
const build = async () => {
  const during = await inWorkDir(parent, async (own) =>
    (await readdir(parent)).filter((name) => join(parent, name) !== own).sort(),
  );
  return { during, after: (await readdir(parent)).sort() };
};

test('given a build whose process was killed / when the next one begins / then what it left is gone, and nothing else', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)']);
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  const stat = await readFile(`/proc/${child.pid}/stat`, 'utf8');
  const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  await left('.build-killed', { pid: child.pid, startTicks });
  const others = ['.fetching', '.import-x', 'a'.repeat(64), 'recipes'];
  for (const other of others) {
    await mkdir(join(parent, other));
    await begunLongAgo(other);
  }
  const all = ['.build-killed', ...others];
  expect(await build(), 'it runs').toEqual({ during: all, after: all });
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await build()).toEqual({ during: others, after: others });
});

test('given the number of a killed build at another process now / when the next one begins / then that is not taken for it', async () => {
  await left('.build-reused', { startTicks: '1' });
  expect((await build()).during).toEqual([]);
});

test.each([
  ['of another machine, or of before a reboot', { bootId: 'other' }],
  ['in a container beside this one', { pidNamespace: 'pid:[1]' }],
  ['that says nothing of itself', null],
])('given a build %s / when the next one begins / then it stays for a day, and then goes', async (_, change) => {
  await left('.build-unknown', change);
  expect((await build()).after).toEqual(['.build-unknown']);
  await begunLongAgo('.build-unknown');
  expect((await build()).after).toEqual([]);
});

test('given a build that fails / when it has failed / then its own directory is gone', async () => {
  await expect(inWorkDir(parent, () => Promise.reject(new Error('no network')))).rejects.toThrow('no network');
  expect(await readdir(parent)).toEqual([]);
});
