import type { Tier } from '../appraisal/events.ts';
import type { MinerId, VmId } from '../values/ids.ts';
import type { Size } from '../values/size.ts';
import type { UnixMs } from '../values/time.ts';
import type { Accelerator, HostCheck, Platform, SlashingGround } from './events.ts';

type At = { readonly now: UnixMs };

export type MinerCommand = At &
  (
    | {
        readonly type: 'InviteMiner';
        readonly minerId: MinerId;
        readonly name: string;
        readonly joinTokenSha256: string;
        readonly expiresAt: UnixMs;
      }
    | { readonly type: 'EnrolMiner'; readonly natsPublicKey: string; readonly joinTokenSha256: string }
    | {
        readonly type: 'AttachMiner';
        readonly agentEpoch: number;
        readonly agentVersion: string;
        readonly hostBootId: string;
        readonly accelerator: Accelerator;
        readonly platform: Platform;
        readonly cpuModel: string;
      }
    | { readonly type: 'DeclareCapacity'; readonly capacity: Size }
    | { readonly type: 'ReportHostChecks'; readonly checks: readonly HostCheck[] }
    | {
        readonly type: 'ReserveAllocation';
        readonly vmId: VmId;
        readonly generation: number;
        readonly size: Size;
      }
    | {
        readonly type: 'ResizeAllocation';
        readonly vmId: VmId;
        /** The generation whose allocation it replaces: that VM is stopped, or this would not be asked. */
        readonly from: number;
        readonly generation: number;
        readonly size: Size;
      }
    | {
        readonly type: 'ReleaseAllocation';
        readonly vmId: VmId;
        readonly generation: number;
        readonly reason: string;
      }
    | { readonly type: 'DeclareMinerLost'; readonly lastSeenAt: UnixMs; readonly missedBeats: number }
    | { readonly type: 'MarkMinerReturned' }
    | { readonly type: 'DrainMiner'; readonly reason: string; readonly deadlineAt: UnixMs | null }
    | { readonly type: 'UndrainMiner' }
    | {
        readonly type: 'NoteTrust';
        readonly tier: Tier;
        readonly appraisalId: string;
        readonly appraisedAt: UnixMs;
      }
    | {
        readonly type: 'ProposeSlashing';
        readonly proposalId: string;
        readonly ground: SlashingGround;
        readonly appraisalId: string;
      }
    | { readonly type: 'AppealSlashing'; readonly proposalId: string; readonly reason: string }
    | {
        readonly type: 'DecideSlashing';
        readonly proposalId: string;
        readonly outcome: 'upheld' | 'withdrawn';
        readonly reason: string;
      }
  );
