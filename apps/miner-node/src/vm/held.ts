import type { DesiredSpec, UnixMs } from '#domain';
import type { Log } from '#edge';
import type { Clock } from '#events';
import type { Copied, Copy, Facts, LocalVm, QemuExit } from '../converge/index.ts';
import type { Failure } from '../failure.ts';
import type { Backups } from '../ports/backups.ts';
import type { Hypervisor, Machine } from '../ports/hypervisor.ts';
import type { ImageCache } from '../ports/image-cache.ts';
import type { Reporter } from '../reporter.ts';
import type { VmDirs } from './vm-dir.ts';

/** Everything the agent holds of one VM in memory. Only tasks of the VM's own queue touch it. */
export type Held = {
  readonly vmId: string;
  /** The record, as it is on disk. */
  vm: LocalVm | null;
  /** Newest spec read in this life of the agent. */
  fresh: DesiredSpec | null;
  machine: Machine | null;
  /** What the last machine said as it ended. */
  exit: QemuExit | null;
  stopping: { readonly since: UnixMs; readonly pressedAt: UnixMs } | null;
  startFailure: (Failure & { readonly bootId: string; readonly attempts: number; readonly retryAt: UnixMs }) | null;
  hostStopping: boolean;
  /** What goes on with a copy of its volume. */
  copying: Copying | null;
};

export type Copying = {
  readonly copy: Copy;
  readonly stop: AbortController;
  /** Resolves when nothing of it goes on any more. */
  readonly done: Promise<void>;
  result: Copied | null;
};

/** Where the agent is: which kernel's life, which life of its own, and the address owners reach it at. */
export type Here = { readonly hostBootId: string; readonly agentEpoch: number; readonly sshHost: string };

/** What a VM's tasks work with. */
export type VmParts = {
  readonly hypervisor: Hypervisor;
  readonly images: ImageCache;
  readonly backups: Backups;
  readonly dirs: VmDirs;
  readonly reporter: Pick<Reporter, 'say' | 'forget'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly here: Here;
};

/** The facts that the next step is decided on. */
export const factsOf = (held: Held, { clock, here }: Pick<VmParts, 'clock' | 'here'>): Facts => ({
  now: clock.now(),
  hostBootId: here.hostBootId,
  agentEpoch: here.agentEpoch,
  qemu: held.machine === null ? { state: 'gone', exit: held.exit } : { state: 'running' },
  stopping: held.stopping,
  startFailure: held.startFailure?.bootId === held.fresh?.boot?.bootId ? held.startFailure : null,
  hostStopping: held.hostStopping,
  isAsking: held.machine?.isAsking() ?? false,
  copying: held.copying === null ? null : { copy: held.copying.copy, isOver: held.copying.result !== null },
});

/** A VM with this record, of which nothing else is known yet. */
export const newHeld = (vmId: string, vm: LocalVm | null): Held => ({
  ...{ vmId, vm, fresh: null, machine: null, exit: null },
  ...{ stopping: null, startFailure: null, hostStopping: false, copying: null },
});

/** What an earlier agent left running. Rejects when it does not answer; one that is wanted down is ended then instead. */
export const adoptMachine = (
  { vmId, fresh }: Held,
  hypervisor: Pick<Hypervisor, 'adopt' | 'kill'>,
): Promise<Machine | null> =>
  hypervisor.adopt(vmId).catch(async (error: unknown) => {
    if (fresh === null || fresh.desired === 'running') throw error;
    await hypervisor.kill(vmId);
    return null;
  });
