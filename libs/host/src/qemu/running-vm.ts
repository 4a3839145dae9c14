import { setTimeout as pause } from 'node:timers/promises';
import { limits } from '../limits.ts';
import { isAlive, type ProcessIdentity } from './qemu-process.ts';
import type { QmpClient } from './qmp-client.ts';
import type { VmFiles } from './vm-files.ts';

/** Why a QEMU ended, in QEMU's words (`guest-shutdown`, `guest-reset`, `guest-panic`, `host-qmp-quit`, `host-signal`),
 *  or `unexplained` when it vanished without a word (killed, crashed). The exit code says nothing: a panic ends with 0. */
export type QemuExit = { readonly reason: string };

/** A VM whose QEMU runs and answers. */
export type RunningVm = {
  readonly vmId: string;
  readonly process: ProcessIdentity;
  readonly files: VmFiles;
  readonly qmp: QmpClient;
  /** Fulfilled once the process is gone; never rejected. Stays pending after `release`. */
  readonly exited: Promise<QemuExit>;
  /** Lets go of the VM without touching it: an agent that ends calls this, and a later one adopts. */
  readonly release: () => void;
};

/** Puts the handle around a QEMU that answers. */
export function runningVm(vmId: string, process: ProcessIdentity, files: VmFiles, qmp: QmpClient): RunningVm {
  const released = new AbortController();
  let reason = 'unexplained';
  qmp.onEvent(({ name, data }) => {
    if (name === 'SHUTDOWN' && typeof data.reason === 'string') reason = data.reason;
    if (name === 'GUEST_PANICKED') reason = 'guest-panic';
  });
  const exited = new Promise<QemuExit>((resolve) => {
    void qmp.closed.then(async () => {
      while (!released.signal.aborted) {
        if (!(await isAlive(process))) return resolve({ reason });
        await pause(limits.pollMs);
      }
    });
  });
  const release = (): void => {
    released.abort();
    qmp.close();
  };
  return { vmId, process, files, qmp, exited, release };
}
