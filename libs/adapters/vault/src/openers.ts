import { readdir, readFile, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { createFile, readSmall } from './durable.ts';
import { limits } from './limits.ts';

// Two programs may have one vault open: an orchestrator, and a person's `hcc vault rotate`. A rotation is only safe beside
// programs that wrap and unwrap under the new key, so each leaves word of which key it wraps under while it is there.

/** A program that has the vault open. */
export type Opener = { readonly name: string; readonly pid: number; readonly kekId: string };

const form = z.strictObject({
  pid: z.int().positive(),
  /** Start of the process in the kernel's ticks: a number that is given out again has another. */
  startTicks: z.string(),
  /** Which set of processes that number is of. */
  pidNamespace: z.string(),
  kekId: z.string(),
});

const PREFIX = 'open-';

/** Leaves word that this process has the vault open; resolves to the name it can be taken back by. */
export const announce = async (dir: string, kekId: string, token: string): Promise<string> => {
  const name = `${PREFIX}${token}`;
  const word = { pid: process.pid, startTicks: await startTicks('self'), pidNamespace: await ownNamespace(), kekId };
  await createFile(join(dir, name), Buffer.from(`${JSON.stringify(word)}\n`), token);
  return name;
};

export const withdraw = (dir: string, name: string): Promise<void> => rm(join(dir, name), { force: true });

/** Who else has the vault open. Word of a process that is gone is removed; one of another namespace counts as there. */
export const othersOpen = async (dir: string, own: string): Promise<readonly Opener[]> => {
  const names = (await readdir(dir)).filter(
    (name) => name.startsWith(PREFIX) && name !== own && !name.endsWith('.part'),
  );
  if (names.length > limits.openersMax)
    throw new Error(`${dir} has ${names.length} files ${PREFIX}*, wanted at most ${limits.openersMax}`);
  const found = await Promise.all(names.map((name) => openerOf(dir, name)));
  return found.filter((one) => one !== null);
};

const openerOf = async (dir: string, name: string): Promise<Opener | null> => {
  const bytes = await readSmall(join(dir, name));
  if (bytes === null) return null;
  const { pid, startTicks: since, pidNamespace, kekId } = form.parse(JSON.parse(bytes.toString('utf8')));
  const isGone = pidNamespace === (await ownNamespace()) && (await startTicks(String(pid))) !== since;
  if (!isGone) return { name, pid, kekId };
  await withdraw(dir, name);
  return null;
};

/** Empty when there is no such process. */
const startTicks = async (pid: string): Promise<string> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name of the program, in brackets, may hold spaces and brackets.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
};

const ownNamespace = (): Promise<string> => readlink('/proc/self/ns/pid').catch(() => 'unknown');
