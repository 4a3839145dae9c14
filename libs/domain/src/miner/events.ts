import type { Tier } from '../appraisal/events.ts';
import type { MinerId, VmId } from '../values/ids.ts';
import type { Size } from '../values/size.ts';
import type { UnixMs } from '../values/time.ts';

// These names and fields are the stored format of `miner-<id>`. They change only with a new version and an upcaster.

/** What runs the guest's instructions. `tcg` is emulation: slow, and nothing in it is confidential. */
export type Accelerator = 'kvm' | 'tcg';

/** What protects the guest from the host. `none` is labelled on every screen. */
export type Platform = 'none' | 'simulated' | 'sev-snp';

/** One check of a host, as its agent found it. Nothing vouches for it but the miner. */
export type HostCheck = {
  /** Stable, such as HCC-H003: alerts and runbooks go by it. */
  readonly code: string;
  readonly name: string;
  readonly status: 'PASS' | 'FAIL' | 'WARN' | 'SKIP';
  readonly observed: string;
  readonly wanted: string;
  readonly fix: string | null;
};

/** What a slashing would be for. */
export type SlashingGround = 'tpm-failure' | 'ima-mismatch' | 'hardware-failure';

export type MinerEvent =
  | {
      readonly type: 'MinerInvited';
      readonly minerId: MinerId;
      readonly name: string;
      /** SHA-256 of the join token's 256 random bits; the token itself is never stored. */
      readonly joinTokenSha256: string;
      readonly expiresAt: UnixMs;
    }
  | { readonly type: 'MinerEnrolled'; readonly natsPublicKey: string }
  | {
      readonly type: 'MinerAttached';
      /** Counts the lives of the agent on that host. */
      readonly agentEpoch: number;
      readonly agentVersion: string;
      /** The kernel's boot id: a new one means that every VM process is gone. */
      readonly hostBootId: string;
      readonly accelerator: Accelerator;
      readonly platform: Platform;
      readonly cpuModel: string;
    }
  | { readonly type: 'CapacityDeclared'; readonly capacity: Size }
  | {
      readonly type: 'AllocationReserved';
      readonly vmId: VmId;
      readonly generation: number;
      readonly size: Size;
    }
  | {
      readonly type: 'AllocationRefused';
      readonly vmId: VmId;
      readonly generation: number;
      readonly code: string;
      readonly free: Size;
      readonly wanted: Size;
    }
  | {
      readonly type: 'AllocationReleased';
      readonly vmId: VmId;
      readonly generation: number;
      readonly reason: string;
    }
  | { readonly type: 'MinerLost'; readonly lastSeenAt: UnixMs; readonly missedBeats: number }
  | { readonly type: 'MinerReturned' }
  /** What the host's checks came to is not what it was. */
  | { readonly type: 'HostChecked'; readonly checks: readonly HostCheck[] }
  | {
      readonly type: 'MinerDrainStarted';
      readonly reason: string;
      /** By when whoever drains wants it empty; a wish that is shown. Nothing is ended when it passes. */
      readonly deadlineAt: UnixMs | null;
    }
  /** Nothing of any VM is left on a draining miner. Nothing is placed on it until it is undrained. */
  | { readonly type: 'MinerDrained' }
  | { readonly type: 'MinerUndrained' }
  /** The verdict on the host's evidence is another than before. */
  | {
      readonly type: 'MinerTrustChanged';
      readonly tier: Tier;
      readonly appraisalId: string;
      readonly appraisedAt: UnixMs;
    }
  /** Evidence failed in a way that nothing innocent explains; nothing is taken until somebody decides. */
  | {
      readonly type: 'SlashingProposed';
      readonly proposalId: string;
      readonly ground: SlashingGround;
      readonly appraisalId: string;
      readonly needsCorroboration: boolean;
    }
  | { readonly type: 'SlashingAppealed'; readonly proposalId: string; readonly reason: string }
  | {
      readonly type: 'SlashingDecided';
      readonly proposalId: string;
      readonly outcome: 'upheld' | 'withdrawn';
      readonly reason: string;
    };
