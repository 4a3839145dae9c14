import { setTimeout as pause } from 'node:timers/promises';
import { readVmCgroup, removeVmCgroup, type VmCgroup } from '../cgroup/vm-cgroup.ts';
import type { ConsoleRecorder } from '../console/record-console.ts';
import { isHostError } from '../errors.ts';
import { limits } from '../limits.ts';
import { isAlive, type ProcessIdentity } from './qemu-process.ts';
import type { QmpClient } from './qmp-client.ts';
import type { VmFiles } from './vm-files.ts';

/** Why a QEMU ended, in QEMU's words (`guest-shutdown`, `guest-reset`, `guest-panic`, `host-qmp-quit`, `host-signal`),
 *  `memory-limit` when the kernel ended it because its control group's memory was used up, or `unexplained` when it
 *  vanished without a word (killed, crashed). The exit code says nothing: a panic ends with 0. */
export type QemuExit = { readonly reason: string; readonly memoryLimitBytes?: number };

/** A VM whose QEMU runs and answers. */
export type RunningVm = {
  readonly vmId: string;
  readonly process: ProcessIdentity;
  readonly files: VmFiles;
  readonly qmp: QmpClient;
  /** The control group that holds it; undefined where there is none. */
  readonly cgroup: VmCgroup | undefined;
  /** Fulfilled once the process is gone; never rejected. Stays pending after `release`. */
  readonly exited: Promise<QemuExit>;
  /** Lets go of the VM without touching it: an agent that ends calls this, and a later one adopts. */
  readonly release: () => void;
};

export type RunningParts = Pick<RunningVm, 'vmId' | 'process' | 'files' | 'qmp' | 'cgroup'> & {
  readonly recorder: ConsoleRecorder;
};

/** Puts the handle around a QEMU that answers, and removes its control group after it. */
export function runningVm({ vmId, process, files, qmp, cgroup, recorder }: RunningParts): RunningVm {
  const released = new AbortController();
  let reason = 'unexplained';
  qmp.onEvent(({ name, data }) => {
    if (name === 'SHUTDOWN' && typeof data.reason === 'string') reason = data.reason;
    if (name === 'GUEST_PANICKED') reason = 'guest-panic';
  });
  const exited = new Promise<QemuExit>((resolve) => {
    void qmp.closed.then(async () => {
      while (!released.signal.aborted) {
        if (!(await isAlive(process))) {
          await Promise.race([recorder.done, pause(limits.consoleDrainMs)]);
          const closing = await closeCgroup(cgroup);
          // QEMU's own word comes first: a group may have lost another process before.
          return resolve(reason === 'unexplained' ? (closing ?? { reason }) : { reason });
        }
        await pause(limits.pollMs);
      }
    });
  });
  const release = (): void => {
    released.abort();
    recorder.stop();
    qmp.close();
  };
  return { vmId, process, files, qmp, cgroup, exited, release };
}

/** Removes a dead QEMU's group, and says so when its memory limit was what ended it. */
export async function closeCgroup(cgroup: VmCgroup | undefined): Promise<QemuExit | undefined> {
  if (cgroup === undefined) return undefined;
  const { oomKills, memoryLimitBytes } = await readVmCgroup(cgroup);
  // One that stays behind holds nothing; the VM's next start removes it first.
  await removeVmCgroup(cgroup).catch((error: unknown) => {
    if (!isHostError(error)) throw error;
  });
  if (oomKills === undefined || oomKills === 0) return undefined;
  return { reason: 'memory-limit', ...(memoryLimitBytes === undefined ? {} : { memoryLimitBytes }) };
}
