import { isHostError, lastLines, type RunningVm, readVmCounters, stopQemu } from '#host';
import type { QemuExit } from '../converge/index.ts';
import { readTail } from '../host/read-tail.ts';
import { limits } from '../limits.ts';
import type { Machine } from '../ports/hypervisor.ts';
import { createGuestLink, type GuestParts } from './guest-link.ts';

/** A QEMU that runs, as the agent sees it. */
export const qemuMachine = (vm: RunningVm, parts: GuestParts): Machine => {
  const guest = createGuestLink(vm, parts);
  const exited = vm.exited.then(async (exit): Promise<QemuExit> => {
    const { reason } = exit;
    await guest.drain();
    guest.close();
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
    welcome: guest.welcome,
    tell: guest.tell,
    isAsking: guest.isAsking,
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
      guest.close();
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
