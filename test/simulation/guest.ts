import type { DesiredSpec, MinerId, UnixMs } from '#domain';
import {
  acceptSpec,
  type Boot,
  type Facts,
  type LocalVm,
  newestKnown,
  type QemuExit,
} from '../../apps/miner-node/src/converge/index.ts';
import type { Life } from './life.ts';
import type { SimBackupStore } from './moving/backup-store.ts';
import type { Copying } from './moving/copying.ts';
import type { Random } from './random.ts';
import type { Relay } from './sealed/relay.ts';
import type { SimVolume } from './sealed/volume.ts';
import type { Witness } from './sealed/witness.ts';
import type { VirtualTime } from './virtual-time.ts';

/** A VM on a simulated host: the agent's durable record, what it knows in this life, and the QEMU process. */
export type Guest = {
  readonly vmId: string;
  record: LocalVm | null;
  fresh: DesiredSpec | null;
  qemu: Qemu | null;
  exit: QemuExit | null;
  stopping: Facts['stopping'];
  startFailure: Facts['startFailure'];
  copying: Copying | null;
  /** Its host said once that it has nothing of it, though it had. */
  disowned: boolean;
  /** Of a sealed VM: what is on its disk, and the copies that its host keeps. */
  volume: SimVolume | null;
  oldVolumes: readonly SimVolume[];
};

/** A guest that runs. */
export type Qemu = {
  readyAt: UnixMs;
  endsAt: UnixMs | null;
  endsBy: QemuExit['reason'];
  hostKey: string | null;
  /** Why it never will be ready, as it said itself. */
  lastWords: string | null;
  /** The SSH keys that it began with, or took since. */
  keysVersion: number | undefined;
  /** Of a sealed one, that it asks its way through a boot. */
  life: Life | null;
};

export const createGuest = (vmId: string): Guest => ({
  vmId,
  record: null,
  fresh: null,
  qemu: null,
  exit: null,
  stopping: null,
  startFailure: null,
  copying: null,
  disowned: false,
  volume: null,
  oldVolumes: [],
});

/** What an agent knows of a guest as it starts, beside its record. */
export const knowsNothing = {
  ...{ fresh: null, stopping: null, exit: null, startFailure: null, copying: null },
} as const;

/** It is gone, and nothing of it goes on. */
export const endQemu = (guest: Guest): void => {
  void guest.qemu?.life?.end();
  guest.qemu = null;
};

/** What a guest needs of its host. */
export type Host = {
  readonly minerId: MinerId;
  readonly time: VirtualTime;
  readonly witness: Witness;
  readonly relay: Relay;
  readonly backups: SimBackupStore;
  readonly now: () => UnixMs;
  readonly hostBootId: () => string;
  readonly agentEpoch: () => number;
  readonly hostStopping: () => boolean;
  readonly random: Random;
  /** Whether QEMU does not start on this host now. */
  readonly startsFail: () => boolean;
  /** Whether this VM's guest crashes as soon as it is up, every time. */
  readonly isCrasher: (vmId: string) => boolean;
  readonly onLaunch: (vmId: string, spec: DesiredSpec, boot: Boot) => void;
  readonly onRemove: (vmId: string, generation: number) => void;
};

/** Takes a spec as the agent does: the newest one counts, an equal one is a fresh reading of it. */
export const takeSpec = (guest: Guest, spec: DesiredSpec): void => {
  const verdict = acceptSpec(newestKnown(guest.record, guest.fresh), spec);
  if (verdict === 'older') return;
  if (verdict === 'newer' && (guest.record !== null || spec.desired !== 'absent')) {
    guest.record = guest.record === null ? { spec, sshPort: null, disk: null, boot: null } : { ...guest.record, spec };
  }
  guest.fresh = spec;
};
