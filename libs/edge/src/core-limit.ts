import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { limitCommandMs } from './limits.ts';
import type { Log } from './log.ts';

/** How much of a process's memory the kernel may write into a file when it crashes, in bytes or `unlimited`. */
export type CoreLimit = { readonly soft: string; readonly hard: string };

/** The limit of a process; `null` where the kernel does not tell. Source: proc(5), `/proc/PID/limits`. */
export const readCoreLimit = async (pid: number): Promise<CoreLimit | null> => {
  const text = await readFile(`/proc/${pid}/limits`, 'utf8').catch(() => '');
  const [, soft, hard] = /^Max core file size +(\S+) +(\S+)/m.exec(text) ?? [];
  return soft === undefined || hard === undefined ? null : { soft, hard };
};

/**
 * Lets no crash of a process, this one by default, nor of what it starts from now on, write its memory to a disk: a key in
 * memory would be in that file for as long as anybody keeps it. Node cannot set the limit itself, so prlimit of util-linux
 * does. A kernel that hands dumps to a program (core_pattern with a pipe) asks no limit, so no part of the memory is chosen
 * for a dump either. Source: core(5). Resolves to what is still allowed, `null` when nothing is; a limit that nobody tells counts as something.
 */
export const denyCoreDumps = async (pid: number = process.pid): Promise<string | null> => {
  if ((await readCoreLimit(pid))?.soft !== '0') {
    const args = ['--core=0:0', '--pid', `${pid}`];
    // Whether it could is read afterwards, from the kernel itself.
    await promisify(execFile)('prlimit', args, { timeout: limitCommandMs }).catch(() => undefined);
  }
  await writeFile(`/proc/${pid}/coredump_filter`, '0').catch(() => undefined);
  const limit = await readCoreLimit(pid);
  return limit?.soft === '0' ? null : (limit?.soft ?? 'unknown');
};

/** The same for a program that holds keys: where it cannot, it says what that means and what to do. */
export const withoutCoreDumps = async (log: Log): Promise<void> => {
  const allowed = await denyCoreDumps();
  if (allowed !== null) log('warn', coreDumpsAllowed, { limit: allowed, fix: coreDumpsFix });
};

export const coreDumpsAllowed = 'a crash may write the memory of this program, keys and all, to a disk';
export const coreDumpsFix =
  'start it with ulimit -c 0 (systemd: LimitCORE=0, compose: ulimits: core: 0), or install prlimit of util-linux';
