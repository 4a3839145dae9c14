import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errnoOf, isAlive, readStartTicks } from '#host';
import { CannotStart } from '../failure.ts';

const holder = z.strictObject({ pid: z.int().positive(), startTicks: z.string() });
const triesMax = 5;

/** Makes this process the only agent of a miner directory until the returned function is called, or it dies.
 *  Refuses with CannotStart, naming the agent that is there. A lock whose process is gone is taken over. */
export const lockMinerDir = async (minerDir: string): Promise<() => Promise<void>> => {
  await mkdir(minerDir, { recursive: true, mode: 0o700 });
  const path = join(minerDir, 'agent.lock');
  const mine = JSON.stringify({ pid: process.pid, startTicks: (await readStartTicks(process.pid)) ?? '' });
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, mine, { mode: 0o600 });
  try {
    for (let tries = 0; tries < triesMax; tries += 1) {
      // A link appears whole or not at all, unlike a file that is created and then written.
      if (await tryLink(draft, path)) return () => unlock(path, mine);
      const found = await readFile(path, 'utf8').catch(() => '');
      const other = parseHolder(found);
      if (other !== null && (await isAlive(other))) throw isHeld(minerDir, path, other.pid);
      await rm(path, { force: true });
    }
    throw new CannotStart(`${path} was taken again and again, wanted it free: start one agent at a time`);
  } finally {
    await rm(draft, { force: true });
  }
};

const tryLink = async (from: string, to: string): Promise<boolean> => {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
};

const unlock = async (path: string, mine: string): Promise<void> => {
  const found = await readFile(path, 'utf8').catch(() => '');
  if (found === mine) await rm(path, { force: true });
};

const parseHolder = (content: string): z.infer<typeof holder> | null => {
  try {
    return holder.parse(JSON.parse(content));
  } catch {
    return null;
  }
};

const isHeld = (minerDir: string, path: string, pid: number): CannotStart =>
  new CannotStart(
    `another agent (process ${pid}) holds ${minerDir} by ${path}, wanted none: stop it first, or give this one its own HCC_MINER_DIR`,
  );
