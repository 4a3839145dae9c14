import type { Tier } from '../appraisal/events.ts';
import type { MinerId, VmId } from '../values/ids.ts';
import type { Size } from '../values/size.ts';
import type { UnixMs } from '../values/time.ts';
import type { Accelerator, HostCheck, Platform } from './events.ts';
import type { Slashing } from './slashing.ts';

export type Allocation = { readonly generation: number; readonly size: Size };

/** The host as its agent last described it. */
export type Attachment = {
  readonly agentEpoch: number;
  readonly agentVersion: string;
  readonly hostBootId: string;
  readonly accelerator: Accelerator;
  readonly platform: Platform;
  readonly cpuModel: string;
};

export type Miner = {
  readonly minerId: MinerId;
  readonly name: string;
  readonly joinTokenSha256: string;
  readonly joinExpiresAt: UnixMs;
  readonly natsPublicKey: string | null;
  readonly attachment: Attachment | null;
  readonly capacity: Size;
  /** Sum of `allocations`; never above the capacity declared when each was reserved. */
  readonly reserved: Size;
  readonly allocations: ReadonlyMap<VmId, Allocation>;
  /** The newest generation refused or released per VM, so that a repeated command decides nothing. The last ones only. */
  readonly settled: ReadonlyMap<VmId, number>;
  readonly lost: { readonly lastSeenAt: UnixMs } | null;
  /** What its checks last came to; `null` before the agent said. Texts are as old as the last change of a status. */
  readonly hostChecks: readonly HostCheck[] | null;
  /** Set while nothing new is placed on it. `isDone` once nothing is left on it either. */
  readonly drain: Drain | null;
  /** How its host's evidence was last judged; `null` before any was. */
  readonly trust: { readonly tier: Tier; readonly appraisalId: string; readonly appraisedAt: UnixMs } | null;
  /** Proposals by their id; the newest ones. */
  readonly slashings: ReadonlyMap<string, Slashing>;
};

export type Drain = { readonly reason: string; readonly deadlineAt: UnixMs | null; readonly isDone: boolean };

/** `null` before the first event. */
export type MinerState = Miner | null;
