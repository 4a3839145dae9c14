import type { Log } from '#edge';
import type { Clock } from '#events';
import { type GuestChannel, openGuestChannel, type RunningVm } from '#host';
import type { GuestDesk } from '../guest/guest-desk.ts';
import { openSealedGuest, type SealedGuest } from '../guest/sealed-guest.ts';
import { limits } from '../limits.ts';
import type { GuestAccess, GuestSaid } from '../ports/hypervisor.ts';

/** What talking to guests takes. */
export type GuestParts = { readonly desk: GuestDesk; readonly clock: Clock; readonly log: Log };

/** The conversation with the guest of one VM, of whichever kind it is. */
export type GuestLink = {
  welcome(access: GuestAccess, onSaid: (said: GuestSaid) => void): void;
  tell(access: GuestAccess): void;
  isAsking(): boolean;
  /** Once the VM is gone: waits a moment for its last words. */
  drain(): Promise<void>;
  close(): void;
};

export const createGuestLink = (vm: RunningVm, { desk, clock, log }: GuestParts): GuestLink => {
  let channel: GuestChannel | null = null;
  let sealed: SealedGuest | null = null;
  const close = (): void => {
    channel?.close();
    sealed?.close();
  };
  return {
    welcome: (access, onSaid) => {
      close();
      const { vmId, files } = vm;
      if (access.kind === 'plain') channel = openPlain(vm, access, onSaid);
      else sealed = openSealedGuest({ vmId, files, ...access, pid: vm.process.pid, desk, clock, log, onSaid });
    },
    tell: (access) => {
      if (access.kind === 'plain') channel?.setAccess(access);
      else sealed?.setEnvelope(access.envelope);
    },
    isAsking: () => sealed?.isAsking() ?? false,
    drain: async () => {
      const drained = new AbortController();
      const late = clock.sleep(limits.guestDrainMs, drained.signal);
      await Promise.race([sealed?.hungUp(), late]);
      drained.abort();
    },
    close,
  };
};

const openPlain = (
  { files }: RunningVm,
  access: Extract<GuestAccess, { kind: 'plain' }>,
  onSaid: (said: GuestSaid) => void,
): GuestChannel =>
  openGuestChannel({
    socketPath: files.agentSocket,
    access,
    onEvent: (event) => {
      if (event.kind === 'ready') {
        onSaid({ kind: 'ready', sshHostKey: event.hostKey.publicKey, keysSha256: event.keysSha256 });
      } else if (event.kind !== 'hello') onSaid(event);
    },
  });
