import { type ExitCause, unreachable } from '#domain';
import type { LaunchedBoot } from './local-vm.ts';

/** What QEMU said as it ended. `guest-reset` is a reboot from inside or a kernel panic: the two look alike. */
export type QemuExit = {
  readonly reason: 'guest-shutdown' | 'guest-reset' | 'guest-panic' | 'memory-limit' | 'ended-by-host' | 'unknown';
  /** For a person: exit code, signal, last lines of its log. */
  readonly detail: string;
};

/** How a boot is over: it ran and ended, or it could never do its work. */
export type Exit =
  | { readonly kind: 'ended'; readonly cause: ExitCause; readonly detail: string }
  | { readonly kind: 'failed'; readonly code: string; readonly detail: string };

/** Why a QEMU that we launched is gone. Pure. What we asked for comes first, then a reboot of the host, then QEMU's own word;
 *  without any word it is a crash, because a guest that panics ends QEMU with exit code 0. */
export const exitOf = (
  boot: LaunchedBoot,
  exit: QemuExit | null,
  here: { readonly hostBootId: string; readonly agentEpoch: number },
): Exit => {
  if (boot.guestFailure !== null) {
    return { kind: 'failed', code: boot.guestFailureCode ?? 'guest-failed', detail: boot.guestFailure };
  }
  const { stopAsked } = boot;
  const said = exit === null || exit.detail === '' ? '' : `: ${exit.detail}`;
  if (stopAsked?.cause === 'requested') return ended('requested', `stopped as asked${said}`);
  if (stopAsked?.cause === 'host-shutdown') {
    // A host that has gone down announces it; one that comes back finds it, and only that makes the next boot.
    return stopAsked.agentEpoch === here.agentEpoch
      ? ended('host-shutdown', `stopped because the host goes down${said}`)
      : ended('host-reboot', 'stopped because the host went down');
  }
  if (boot.hostBootId !== here.hostBootId) {
    return ended('host-reboot', `the host's kernel was booted again (${boot.hostBootId}, now ${here.hostBootId})`);
  }
  if (exit === null) return ended('crash', 'QEMU was gone when the agent came back, and had left no reason');
  switch (exit.reason) {
    case 'guest-shutdown':
      return ended('guest-shutdown', `the guest powered itself off${said}`);
    case 'guest-reset':
      return ended('crash', `the guest reset itself: a reboot from inside, or a kernel panic${said}`);
    case 'guest-panic':
      return ended('crash', `the guest's kernel panicked${said}`);
    case 'memory-limit':
      return ended('crash', `the host ended QEMU because the VM's memory limit was used up${said}`);
    case 'ended-by-host':
      return ended('crash', `QEMU was ended from outside${said}`);
    case 'unknown':
      return ended('crash', `QEMU ended without a reason${said}`);
    default:
      return unreachable(exit.reason);
  }
};

const ended = (cause: ExitCause, detail: string): Exit => ({ kind: 'ended', cause, detail });
