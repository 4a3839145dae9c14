import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isAlive, readStartTicks } from '#host';
import { limits } from './limits.ts';

const prefix = '.build-';
const makerFile = 'maker.json';
const maker = z.object({
  pid: z.int().positive(),
  startTicks: z.string(),
  pidNamespace: z.string(),
  bootId: z.string(),
});
type Maker = z.infer<typeof maker>;

/** Makes something in a directory of its own below `parent`, which is gone afterwards. What a killed build left there is
 *  removed first. */
export async function inWorkDir<T>(parent: string, make: (workDir: string) => Promise<T>): Promise<T> {
  await mkdir(parent, { recursive: true });
  const workDir = await mkdtemp(join(parent, prefix));
  try {
    await writeFile(join(workDir, makerFile), JSON.stringify(await self()));
    await removeLeft(parent, workDir);
    return await make(workDir);
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

async function removeLeft(parent: string, own: string): Promise<void> {
  const here = await self();
  // The clock of the file system, which may be another machine's.
  const { mtimeMs: nowMs } = await stat(own);
  for (const name of await readdir(parent)) {
    const dir = join(parent, name);
    if (!name.startsWith(prefix) || dir === own || !(await isLeft(dir, here, nowMs))) continue;
    // What somebody else owns stays: that is no reason not to build.
    await rm(dir, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Whether whoever made it is gone. Of one that cannot be asked after from here, when it is older than any build lasts. */
async function isLeft(dir: string, here: Maker, nowMs: number): Promise<boolean> {
  const made = await makerOf(dir);
  if (made !== null && made.bootId === here.bootId && made.pidNamespace === here.pidNamespace) {
    return !(await isAlive(made));
  }
  const found = await stat(dir).catch(() => null);
  return found !== null && nowMs - found.mtimeMs > limits.buildMsMax;
}

async function makerOf(dir: string): Promise<Maker | null> {
  try {
    return maker.parse(JSON.parse(await readFile(join(dir, makerFile), 'utf8')));
  } catch {
    // An older build wrote none, and one that begins just now not yet.
    return null;
  }
}

/** This process, so that others tell whether it is still there: a number alone is given to another process later. */
async function self(): Promise<Maker> {
  return {
    pid: process.pid,
    startTicks: (await readStartTicks(process.pid)) ?? '',
    pidNamespace: await readlink('/proc/self/ns/pid').catch(() => 'unknown'),
    bootId: (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim(),
  };
}
