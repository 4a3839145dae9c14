import { readdir, readFile } from 'node:fs/promises';
import { errnoOf } from '../errors.ts';
import type { VmFiles } from './vm-files.ts';

/** A running process, told from a later one that got the same number. */
export type ProcessIdentity = { readonly pid: number; readonly startTicks: string };

type PidFile = Pick<VmFiles, 'pidFile'>;

/** The running QEMU of a VM, or undefined when there is none. Goes by the process's own command line (this uuid
 *  and this pid file), so a recycled pid is never taken for a VM. The pid file is looked at first, then every process:
 *  a QEMU that has not written its file yet, or lost it, is found too. */
export async function findQemuProcess(vmId: string, files: PidFile): Promise<ProcessIdentity | undefined> {
  const noted = Number((await readFile(files.pidFile, 'utf8').catch(() => '')).trim());
  const numbered = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const pids = Number.isInteger(noted) && noted > 0 ? [noted, ...numbered] : numbered;
  for (const pid of pids) {
    const cmdline = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (!isQemuOf(cmdline.split('\0'), vmId, files)) continue;
    const startTicks = await readStartTicks(pid);
    if (startTicks !== undefined) return { pid, startTicks };
  }
  return undefined;
}

/** True when an argument list is that of this VM's QEMU. Pure. */
export function isQemuOf(args: readonly string[], vmId: string, files: PidFile): boolean {
  const after = (name: string): string | undefined => {
    const index = args.indexOf(name);
    return index < 0 ? undefined : args[index + 1];
  };
  return (args[0] ?? '').includes('qemu') && after('-uuid') === vmId && after('-pidfile') === files.pidFile;
}

/** True while exactly that process is there and not merely waiting for its parent to collect it. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  return (await readStartTicks(identity.pid)) === identity.startTicks;
}

/** Sends SIGKILL to exactly that process; nothing happens when it is gone. */
export async function killProcess(identity: ProcessIdentity): Promise<void> {
  if (!(await isAlive(identity))) return;
  try {
    process.kill(identity.pid, 'SIGKILL');
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

/** Field 22 of /proc/<pid>/stat, or undefined when the process is gone or a zombie. proc(5). */
export async function readStartTicks(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The program's name, in brackets, may itself hold spaces and brackets: the fields start after the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  return state === undefined || state === '' || state === 'Z' || state === 'X' ? undefined : fields[19];
}
