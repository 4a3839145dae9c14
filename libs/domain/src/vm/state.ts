import type { AccountId, BootId, HoldId, ImageDigest, MinerId, VmId } from '../values/ids.ts';
import type { Size } from '../values/size.ts';
import type { UnixMs } from '../values/time.ts';
import type { Backup, BackupFailure, BackupUnderWay, Restore, Restored } from './backup-state.ts';
import type { ExitCause, RestartPolicy, SshEndpoint, WaitingFor } from './events.ts';
import type { SealedBoot, Volume } from './sealed-state.ts';

/** What the owner (or the network on the owner's behalf) wants. */
export type Desired = 'running' | 'stopped' | 'absent';

/** What is, as far as anybody has said. Waiting is a state, not an absence of one. */
export type Observed =
  | 'awaiting-admission'
  | 'refused'
  | 'awaiting-placement'
  | 'awaiting-reservation'
  | 'awaiting-boot'
  | 'starting'
  | 'awaiting-key'
  | 'running'
  | 'stopping'
  | 'stopped'
  | 'resizing'
  | 'backing-up'
  | 'restoring'
  | 'failed'
  | 'lost'
  | 'terminating'
  | 'terminated';

export type Placement = { readonly minerId: MinerId; readonly generation: number };
export type Boot = { readonly bootEpoch: number; readonly bootId: BootId; readonly generation: number };

/** A resize that waits for credits and for its miner's room, and what the VM is until then. */
export type Resize = {
  readonly generation: number;
  readonly flavorId: string;
  readonly size: Size;
  readonly from: 'stopped' | 'failed';
};

export type Waiting = { readonly for: WaitingFor; readonly deadlineAt: UnixMs; readonly passed: boolean };

export type Vm = {
  readonly vmId: VmId;
  readonly accountId: AccountId;
  readonly name: string;
  readonly flavorId: string;
  readonly size: Size;
  readonly imageDigest: ImageDigest;
  readonly sshPublicKeys: readonly string[];
  /** Rises with every change of the keys. */
  readonly keysVersion: number;
  /** The present boot began with older keys, and its guest has not said that it took the newest. */
  readonly keysPending: boolean;
  /** What it was asked for first: a repeated request still meets it after a resize or a change of keys. */
  readonly asked: { readonly flavorId: string; readonly size: Size; readonly sshPublicKeys: readonly string[] };
  readonly resize: Resize | null;
  /** Why the last resize came to nothing. */
  readonly resizeRefusal: { readonly code: string; readonly detail: string } | null;
  readonly restartPolicy: RestartPolicy;
  readonly desired: Desired;
  readonly observed: Observed;
  /** What `observed` and `waiting` go back to when a lost miner returns. Both go on changing with what the owner asks meanwhile. */
  readonly observedBeforeLost: Observed | null;
  readonly waitingBeforeLost: Waiting | null;
  /** When a lost VM's miner was last heard. */
  readonly lastHeardAt: UnixMs | null;
  readonly refusal: { readonly code: string; readonly detail: string } | null;
  readonly holdId: HoldId | null;
  /** Fences: a report or an allocation of an older generation counts for nothing. */
  readonly generation: number;
  readonly proposal: Placement | null;
  readonly declinedGeneration: number;
  readonly placement: Placement | null;
  readonly placementFailure: Readonly<Record<string, number>> | null;
  readonly boot: Boot | null;
  /** The newest boot that is known to be over; it is never run again. */
  readonly exit: {
    readonly bootId: BootId | null;
    readonly cause: ExitCause | 'failed';
    readonly detail: string;
    readonly agentEpoch: number;
  } | null;
  readonly crashBootsAt: readonly UnixMs[];
  readonly endpoint: SshEndpoint | null;
  readonly sshHostKey: string | null;
  /** Whether the guest's own evidence vouches for that key, and not its miner alone. */
  readonly sshHostKeyAttested: boolean;
  /** The volume that nobody but its guest can read; `null` of a plain one, which its miner can read. */
  readonly volume: Volume | null;
  /** What its present boot may start and has been given; `null` until that is specified. */
  readonly sealedBoot: SealedBoot | null;
  /** Oldest first. */
  readonly backups: readonly Backup[];
  readonly backup: BackupUnderWay | null;
  /** The last that were removed: a repeat is no news, and the store may have pieces of them also when no backup is left. */
  readonly removedBackups: readonly string[];
  /** The last backup that failed. It is known on for whoever cancels it again. */
  readonly backupFailure: BackupFailure | null;
  readonly restore: Restore | null;
  /** Why the last restore came to nothing. */
  readonly restoreRefusal: { readonly code: string; readonly detail: string } | null;
  /** What its disk is made from; `null` once a guest has opened that. */
  readonly restored: Restored | null;
  /** Miners that held it before and have not said that they removed what they had. */
  readonly former: readonly Placement[];
  readonly waiting: Waiting | null;
  readonly lastReport: { readonly agentEpoch: number; readonly sequence: number } | null;
};

/** `null` before the first event. */
export type VmState = Vm | null;
