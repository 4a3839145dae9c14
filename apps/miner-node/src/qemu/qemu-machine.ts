import {
  type GuestChannel,
  isHostError,
  lastLines,
  openGuestChannel,
  type RunningVm,
  readVmCounters,
  stopQemu,
} from '#host';
import type { QemuExit } from '../converge/index.ts';
import { readTail } from '../host/read-tail.ts';
import { limits } from '../limits.ts';
import type { Machine } from '../ports/hypervisor.ts';

/** A QEMU that runs, as the agent sees it. */
export const qemuMachine = (vm: RunningVm): Machine => {
  let channel: GuestChannel | null = null;
  const exited = vm.exited.then(async (exit): Promise<QemuExit> => {
    const { reason } = exit;
    channel?.close();
    if (reason === 'memory-limit') return memoryExit(exit);
    const said = lastLines(await readTail(vm.files.qemuLog, limits.qemuLogTailBytes).catch(() => ''));
    return { reason: reasonOf(reason), detail: said === '' ? `QEMU said ${reason}` : `QEMU said ${reason}: ${said}` };
  });
  return {
    pid: vm.process.pid,
    exited,
    // QEMU's own throttle is part of every command line.
    heldBy: [...(vm.cgroup?.dirs.keys() ?? []), 'disk-rate'],
    counters: () => readVmCounters(vm),
    welcome: (access, onSaid) => {
      channel?.close();
      channel = openGuestChannel({
        socketPath: vm.files.agentSocket,
        access,
        onEvent: (event) => {
          if (event.kind === 'ready') {
            onSaid({ kind: 'ready', sshHostKey: event.hostKey.publicKey, keysSha256: event.keysSha256 });
          } else if (event.kind !== 'hello') onSaid(event);
        },
      });
    },
    tell: (access) => channel?.setAccess(access),
    pressPower: () => {
      // What counts is whether it ends; a monitor that is gone means that it has, or that the deadline will say so.
      vm.qmp.execute('system_powerdown').catch((error: unknown) => {
        if (!isHostError(error)) throw error;
      });
    },
    kill: async () => {
      await stopQemu(vm, { powerdownMs: 0 });
    },
    release: () => {
      channel?.close();
      vm.release();
    },
  };
};

/** The exit of a QEMU that its memory limit ended. */
export const memoryExit = ({ memoryLimitBytes }: { readonly memoryLimitBytes?: number }): QemuExit => ({
  reason: 'memory-limit',
  detail: memoryLimitBytes === undefined ? '' : `${memoryLimitBytes} bytes`,
});

const reasonOf = (said: string): QemuExit['reason'] => {
  switch (said) {
    case 'guest-shutdown':
    case 'guest-reset':
    case 'guest-panic':
      return said;
    default:
      return said.startsWith('host-') ? 'ended-by-host' : 'unknown';
  }
};
