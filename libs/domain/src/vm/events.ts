import type { AccountId, BootId, HoldId, ImageDigest, MinerId, VmId } from '../values/ids.ts';
import type { MicroCredits } from '../values/money.ts';
import type { Size } from '../values/size.ts';
import type { UnixMs } from '../values/time.ts';
import type { VmBackupEvent } from './backup-events.ts';
import type { VmSealedEvent } from './sealed-events.ts';

// These names and fields are the stored format of `vm-<id>`. They change only with a new version and an upcaster.

/** What the owner allows after an exit nobody asked for. `on-failure` restarts crashes and host reboots, not a shutdown from inside. */
export type RestartPolicy = 'always' | 'on-failure' | 'never';

/** Why a boot was authorised. */
export type BootCause = 'placed' | 'owner-start' | 'owner-reboot' | 'crash' | 'guest-shutdown' | 'host-reboot';

/** Why QEMU is gone. `host-shutdown` is announced by a stopping host, `host-reboot` found by a returning one. */
export type ExitCause = 'requested' | 'guest-shutdown' | 'crash' | 'host-shutdown' | 'host-reboot';

/** Where the owner's ssh client connects. */
export type SshEndpoint = { readonly host: string; readonly port: number };

export type VmEvent =
  | VmSealedEvent
  | VmBackupEvent
  | {
      readonly type: 'VmRequested';
      readonly vmId: VmId;
      readonly accountId: AccountId;
      readonly name: string;
      readonly flavorId: string;
      readonly size: Size;
      readonly imageDigest: ImageDigest;
      readonly sshPublicKeys: readonly string[];
      readonly restartPolicy: RestartPolicy;
      readonly firstHold: MicroCredits;
      readonly deadlineAt: UnixMs;
    }
  | { readonly type: 'VmAdmitted'; readonly holdId: HoldId; readonly deadlineAt: UnixMs }
  | { readonly type: 'VmRefused'; readonly code: string; readonly detail: string }
  | {
      readonly type: 'VmPlacementProposed';
      readonly minerId: MinerId;
      readonly generation: number;
      readonly snapshotPosition: string;
      readonly deadlineAt: UnixMs;
    }
  | {
      readonly type: 'VmPlacementRejected';
      readonly minerId: MinerId;
      readonly generation: number;
      readonly code: string;
      readonly deadlineAt: UnixMs;
    }
  | {
      readonly type: 'VmPlacementFailed';
      readonly reasons: Readonly<Record<string, number>>;
      readonly snapshotPosition: string;
    }
  | {
      readonly type: 'VmPlacementDeclined';
      readonly minerId: MinerId;
      readonly generation: number;
      readonly code: string;
    }
  | { readonly type: 'VmPlaced'; readonly minerId: MinerId; readonly generation: number }
  | {
      readonly type: 'BootAuthorized';
      readonly generation: number;
      readonly bootEpoch: number;
      readonly bootId: BootId;
      readonly cause: BootCause;
      readonly authorizedAt: UnixMs;
      readonly deadlineAt: UnixMs;
    }
  | { readonly type: 'VmStartRequested' }
  | { readonly type: 'VmStopRequested'; readonly reason: string; readonly deadlineAt: UnixMs }
  | { readonly type: 'VmRebootRequested' }
  | {
      readonly type: 'VmResizeRequested';
      readonly minerId: MinerId;
      /** The generation it becomes if its miner has the room; a refused one is not used again. */
      readonly generation: number;
      readonly flavorId: string;
      readonly size: Size;
      readonly pricePerHour: MicroCredits;
      readonly deadlineAt: UnixMs;
    }
  | {
      readonly type: 'VmResized';
      readonly minerId: MinerId;
      readonly generation: number;
      readonly flavorId: string;
      readonly size: Size;
    }
  /** It keeps the size, the generation and the allocation it had. */
  | { readonly type: 'VmResizeRefused'; readonly generation: number; readonly code: string; readonly detail: string }
  | { readonly type: 'VmSshKeysChanged'; readonly keysVersion: number; readonly sshPublicKeys: readonly string[] }
  /** The guest that runs has said that it lets in exactly these keys; a later boot has them from its beginning. */
  | ({ readonly type: 'VmSshKeysApplied'; readonly bootId: BootId; readonly keysVersion: number } & Reported)
  | { readonly type: 'VmTerminationRequested'; readonly deadlineAt: UnixMs }
  | ({ readonly type: 'VmStarting'; readonly bootId: BootId } & Reported)
  | ({
      readonly type: 'VmRunning';
      readonly bootId: BootId;
      readonly endpoint: SshEndpoint;
      readonly sshHostKey: string;
      readonly sshHostKeyAttested: boolean;
    } & Reported)
  | ({
      readonly type: 'VmStopped';
      readonly bootId: BootId | null;
      readonly cause: ExitCause;
      readonly detail: string;
    } & Reported)
  | ({
      readonly type: 'VmFailed';
      readonly bootId: BootId | null;
      readonly code: string;
      readonly detail: string;
    } & Reported)
  | { readonly type: 'VmLost'; readonly minerId: MinerId; readonly lastSeenAt: UnixMs; readonly deadlineAt: UnixMs }
  | { readonly type: 'VmRecovered'; readonly minerId: MinerId }
  | { readonly type: 'VmDeadlinePassed'; readonly waitingFor: WaitingFor; readonly deadlineAt: UnixMs }
  | { readonly type: 'VmTerminated'; readonly diskRemoved: boolean };

/** Which report said so: a report with a lower (agentEpoch, sequence) is older, whatever order the bus delivered. */
export type Reported = {
  readonly minerId: MinerId;
  readonly generation: number;
  readonly agentEpoch: number;
  readonly sequence: number;
};

/** What a VM can wait for. Each has a deadline that raises an event and destroys nothing. */
export type WaitingFor =
  | 'admission'
  | 'placement'
  | 'reservation'
  | 'boot'
  | 'key'
  | 'stop'
  | 'backup'
  | 'removal'
  | 'miner';
