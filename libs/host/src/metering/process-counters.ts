import { readIfThere } from '../cgroup/kernel-file.ts';

/** What the kernel counted of one process since it began. */
export type ProcessCounters = {
  /** Processor time of all its threads, user and kernel. */
  readonly cpuTimeMs: number;
  readonly uptimeMs: number;
  /** Memory it has now, in this host's memory. */
  readonly memoryBytes: number;
};

/** Reads a process's counters; undefined when it is gone. Accurate to a hundredth of a second (proc(5)). */
export async function readProcessCounters(pid: number, procDir = '/proc'): Promise<ProcessCounters | undefined> {
  const stat = await readIfThere(`${procDir}/${pid}/stat`);
  const uptime = await readIfThere(`${procDir}/uptime`);
  return stat === undefined || uptime === undefined ? undefined : parseProcessCounters(stat, uptime);
}

/** The counters in /proc/<pid>/stat and /proc/uptime; undefined when they are not what proc(5) says. Pure. */
export function parseProcessCounters(stat: string, uptime: string): ProcessCounters | undefined {
  // The program's name, in brackets, may itself hold spaces and brackets: the fields start after the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [userTicks, kernelTicks, startTicks, residentPages] = [11, 12, 19, 21].map((index) => Number(fields[index]));
  const hostUptimeMs = Number(uptime.split(' ')[0]) * 1_000;
  const all = [userTicks, kernelTicks, startTicks, residentPages, hostUptimeMs];
  if (all.some((value) => value === undefined || !(value >= 0))) return undefined;
  return {
    cpuTimeMs: ((userTicks ?? 0) + (kernelTicks ?? 0)) * tickMs,
    uptimeMs: Math.max(0, Math.round(hostUptimeMs - (startTicks ?? 0) * tickMs)),
    memoryBytes: (residentPages ?? 0) * pageBytes,
  };
}

// What Linux shows programs on x86-64, whatever the kernel itself counts in: USER_HZ and PAGE_SIZE.
const tickMs = 10;
const pageBytes = 4_096;
