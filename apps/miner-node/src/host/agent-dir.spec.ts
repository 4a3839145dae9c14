import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readStartTicks } from '#host';
import { CannotStart } from '../failure.ts';
import { beginAgentLife } from './agent-life.ts';
import { lockMinerDir } from './agent-lock.ts';

const newDir = async (): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-agent-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
};

const miner = '11111111-1111-4111-8111-111111111111';

describe('one agent per directory', () => {
  test('given an agent / when a second one starts / then it is refused, and told who holds it', async () => {
    const dir = await newDir();
    const other = spawn('sleep', ['60'], { stdio: 'ignore' });
    onTestFinished(() => void other.kill('SIGKILL'));
    const pid = other.pid ?? 0;
    await writeFile(join(dir, 'agent.lock'), JSON.stringify({ pid, startTicks: await readStartTicks(pid) }));
    const refused = lockMinerDir(dir);
    await expect(refused).rejects.toThrow(CannotStart);
    await expect(refused).rejects.toThrow(`another agent (process ${pid}) holds ${dir}`);
    other.kill('SIGKILL');
    await once(other, 'exit');
    const unlock = await lockMinerDir(dir);
    await unlock();
    expect(await readdir(dir)).toEqual([]);
  });

  test.each([
    ['a process that is gone', { pid: 999_999_999, startTicks: '1' }],
    ['a later process of the same number', { pid: process.pid, startTicks: '1' }],
    ['nobody', 'garbage'],
  ])('given a lock of %s / when an agent starts / then it takes over', async (_what, holder) => {
    const dir = await newDir();
    await writeFile(join(dir, 'agent.lock'), JSON.stringify(holder));
    const unlock = await lockMinerDir(dir);
    expect(JSON.parse(await readFile(join(dir, 'agent.lock'), 'utf8')).pid).toBe(process.pid);
    await unlock();
  });
});

describe('the lives of an agent', () => {
  test('given a directory / when agents start on it / then each life has a number of its own, rising', async () => {
    const dir = await newDir();
    expect(await beginAgentLife(dir, miner)).toBe(1);
    expect(await beginAgentLife(dir, miner)).toBe(2);
  });

  test('given the directory of another miner / when an agent starts / then it is refused by name', async () => {
    const dir = await newDir();
    await beginAgentLife(dir, miner);
    const other = '22222222-2222-4222-8222-222222222222';
    await expect(beginAgentLife(dir, other)).rejects.toThrow(`${dir} belongs to miner ${miner}, wanted ${other}`);
  });

  test('given a record that is damaged / when an agent starts / then it does not begin again at one', async () => {
    const dir = await newDir();
    await writeFile(join(dir, 'agent.json'), '{}');
    await expect(beginAgentLife(dir, miner)).rejects.toThrow(`${join(dir, 'agent.json')} is not an agent's record`);
  });
});
