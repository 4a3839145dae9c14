import { chmod, mkdir, open, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errnoOf, isAlive, readStartTicks, writeFileDurably } from '#host';
import { badAnswer } from '../cli-error.ts';
import { readClusterFile, readSmallFile } from '../context.ts';

const processFile = z.object({ pid: z.int().positive(), startTicks: z.string().max(40) });
type ProcessFile = z.infer<typeof processFile>;

/** The files of one local cluster that `up` keeps. */
export type Home = {
  readonly dir: string;
  readonly path: (...parts: readonly string[]) => string;
  /** Notes the process of a child, or with `null` that it is gone. */
  noteChild(name: string, pid: number | null): Promise<void>;
  /** Children that an `up` which was killed left running, by name. */
  leftovers(): Promise<readonly { readonly name: string; readonly identity: ProcessFile }[]>;
  /** Says where the cluster answers, for every other command; `null` takes it back. */
  announce(cluster: { readonly url: string; readonly startedAt: string } | null): Promise<void>;
  /** Lets the next `up` have it. */
  release(): Promise<void>;
};

/** Takes a home for this process, and makes its directories, all of them private.
 *  Refuses `already-up` while another live process has it, naming that one. */
export const claimHome = async (dir: string): Promise<Home> => {
  const path = (...parts: readonly string[]): string => join(dir, ...parts);
  for (const part of [
    '',
    'secrets',
    'store',
    'readmodels',
    'nats',
    'miners',
    'logs',
    'keys',
    'pids',
    'evidence',
    'veks',
  ]) {
    await mkdir(path(part), { recursive: true, mode: 0o700 });
  }
  await chmod(path('secrets'), 0o700);
  const lockFile = path('up.pid');
  const own = await identityOf(process.pid);
  await claim(lockFile, own, dir);
  return {
    dir,
    path,
    noteChild: async (name, pid) => {
      const file = path('pids', `${name}.json`);
      if (pid === null) await rm(file, { force: true });
      else await writeFile(file, JSON.stringify(await identityOf(pid)), { mode: 0o600 });
    },
    leftovers: async () => {
      const found = [];
      for (const file of (await readdir(path('pids'))).filter((name) => name.endsWith('.json'))) {
        const identity = await readIdentity(path('pids', file));
        if (identity !== null && (await isAlive(identity))) found.push({ name: file.slice(0, -5), identity });
        else await rm(path('pids', file), { force: true });
      }
      return found;
    },
    announce: async (cluster) => {
      const file = path('cluster.json');
      if (cluster === null) return rm(file, { force: true });
      await writeFileDurably(
        file,
        `${JSON.stringify({ url: cluster.url, pid: process.pid, startedAt: cluster.startedAt })}\n`,
      );
    },
    release: () => rm(lockFile, { force: true }),
  };
};

const claim = async (lockFile: string, own: ProcessFile, dir: string): Promise<void> => {
  // Twice: the first look may find the file of a process that is dead, or that dies while we look.
  for (let attempt = 1; ; attempt += 1) {
    try {
      const file = await open(lockFile, 'wx', 0o600);
      await file.writeFile(JSON.stringify(own));
      await file.close();
      return;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw notUsable(dir, error);
    }
    const holder = await readIdentity(lockFile);
    if (attempt > 2 || (holder !== null && (await isAlive(holder)))) throw await alreadyUp(dir, holder);
    await rm(lockFile, { force: true });
  }
};

const alreadyUp = async (dir: string, holder: ProcessFile | null): Promise<Error> => {
  const cluster = await readClusterFile(dir);
  return badAnswer('already-up', `a cluster already runs in ${dir}`, {
    observed: `process ${holder?.pid ?? 'unknown'}${cluster === null ? '' : ` at ${cluster.url}`}`,
    wanted: 'one cluster per home',
    fix: 'use it (hcc vm ls), stop it with Ctrl-C, or choose another home: hcc up --home DIR --port 0',
  });
};

const notUsable = (dir: string, cause: unknown): Error =>
  badAnswer('home-unusable', `${dir} cannot be written`, {
    observed: errnoOf(cause),
    wanted: 'a directory of this user',
    fix: 'choose another one with --home or HCC_HOME',
    cause,
  });

const identityOf = async (pid: number): Promise<ProcessFile> => ({
  pid,
  startTicks: (await readStartTicks(pid)) ?? '',
});

const readIdentity = async (file: string): Promise<ProcessFile | null> => {
  const text = await readSmallFile(file);
  try {
    return text === null ? null : processFile.parse(JSON.parse(text));
  } catch {
    // Half a file is what a crash between making and filling it leaves: nobody lives behind it.
    return null;
  }
};
