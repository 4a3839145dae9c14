import type { AccountId, BootId, HoldId, ImageDigest, MinerId, VmId } from '../values/ids.ts';
import type { MicroCredits } from '../values/money.ts';
import type { Size } from '../values/size.ts';
import type { UnixMs } from '../values/time.ts';
import type { BackupOutcome, VmBackupCommand } from './backup-commands.ts';
import type { ExitCause, RestartPolicy, SshEndpoint, WaitingFor } from './events.ts';
import type { VmSealedCommand, VolumeWanted } from './sealed-commands.ts';

/** What a miner says it sees. Always the whole observation, so that any one report is enough. */
export type VmObservation =
  | { readonly phase: 'starting'; readonly bootId: BootId }
  | {
      readonly phase: 'running';
      readonly bootId: BootId;
      readonly endpoint: SshEndpoint;
      readonly sshHostKey: string;
      /** The newest version of the SSH keys that the guest has said it lets in; absent from agents that cannot tell. */
      readonly keysVersion?: number | undefined;
    }
  | {
      readonly phase: 'stopped';
      readonly bootId: BootId | null;
      readonly cause: ExitCause;
      readonly detail: string;
      /** What came of the last backup that it was asked for. */
      readonly backup?: BackupOutcome | undefined;
    }
  | {
      readonly phase: 'failed';
      readonly bootId: BootId | null;
      readonly code: string;
      readonly detail: string;
      readonly backup?: BackupOutcome | undefined;
    }
  | { readonly phase: 'absent' };

type At = { readonly now: UnixMs };

export type VmCommand = At &
  (
    | VmSealedCommand
    | VmBackupCommand
    | {
        readonly type: 'RequestVm';
        readonly vmId: VmId;
        readonly accountId: AccountId;
        readonly name: string;
        readonly flavorId: string;
        readonly size: Size;
        readonly imageDigest: ImageDigest;
        readonly sshPublicKeys: readonly string[];
        readonly restartPolicy: RestartPolicy;
        readonly firstHold: MicroCredits;
        readonly volume: VolumeWanted;
      }
    | { readonly type: 'AdmitVm'; readonly holdId: HoldId }
    | { readonly type: 'RefuseVm'; readonly code: string; readonly detail: string }
    | { readonly type: 'ProposePlacement'; readonly minerId: MinerId; readonly snapshotPosition: string }
    | {
        readonly type: 'FailPlacement';
        readonly reasons: Readonly<Record<string, number>>;
        readonly snapshotPosition: string;
      }
    | {
        readonly type: 'RejectPlacement';
        readonly minerId: MinerId;
        readonly generation: number;
        readonly code: string;
      }
    | {
        readonly type: 'ConfirmPlacement';
        readonly minerId: MinerId;
        readonly generation: number;
        readonly nextBootId: BootId;
      }
    | { readonly type: 'StartVm'; readonly nextBootId: BootId }
    | { readonly type: 'StopVm'; readonly reason: string }
    | { readonly type: 'RebootVm'; readonly nextBootId: BootId }
    | { readonly type: 'ResizeVm'; readonly flavorId: string; readonly size: Size; readonly pricePerHour: MicroCredits }
    | {
        readonly type: 'RefuseResize';
        readonly generation: number;
        readonly code: string;
        readonly detail: string;
        readonly nextBootId: BootId;
      }
    | {
        readonly type: 'ChangeVmSshKeys';
        /** All of them; `null` begins with those it has. */
        readonly set: readonly string[] | null;
        readonly add: readonly string[];
        readonly remove: readonly string[];
      }
    | {
        readonly type: 'TerminateVm';
        /** That its backups may die with its key; without it, a VM that has any stays. */
        readonly destroyBackups?: boolean | undefined;
      }
    | {
        readonly type: 'ObserveVm';
        readonly minerId: MinerId;
        readonly generation: number;
        readonly agentEpoch: number;
        readonly sequence: number;
        readonly observation: VmObservation;
        readonly nextBootId: BootId;
      }
    | { readonly type: 'MarkVmLost'; readonly minerId: MinerId; readonly lastSeenAt: UnixMs }
    | { readonly type: 'RaiseVmDeadline'; readonly waitingFor: WaitingFor; readonly deadlineAt: UnixMs }
  );
