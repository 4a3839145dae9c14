import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** The process of the software TPM that listens there. */
export const pidOf = async (socket: string): Promise<number> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.includes('swtpm') && line.includes(`path=${socket}`)) return Number(pid);
  }
  throw new Error(`no swtpm at ${socket}`);
};

/** Kills it, and waits until the kernel has ended it; its owner may not have heard of that yet. */
export const kill = async (pid: number): Promise<void> => {
  process.kill(pid, 'SIGKILL');
  await until(async () => !(await isThere(pid)));
};

/** A process that was killed gives up its words before its sockets: only a zombie has given up both. */
export const isThere = async (pid: number): Promise<boolean> =>
  /^\d+ \(swtpm\) [^ZX]/.test(await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => ''));

/** Within 10 s, or it throws. */
export const until = async (condition: () => Promise<boolean>): Promise<void> => {
  const deadline = AbortSignal.timeout(10_000);
  while (!(await condition())) {
    if (deadline.aborted) throw new Error('it did not come to that within 10 s');
    await pause(20);
  }
};
