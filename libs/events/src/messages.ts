import type { Accelerator, HostCheck, Platform, Size, UnixMs, VmId, VmObservation } from '#domain';

/** What a miner sees of one VM: the whole of it, so that the last report is enough. */
export type VmReport = {
  readonly vmId: string;
  readonly generation: number;
  /** Newest spec revision the agent has seen. */
  readonly specRevision: bigint;
  readonly agentEpoch: number;
  /** Rises with every report of one agentEpoch, over all VMs. */
  readonly sequence: number;
  readonly observation: VmObservation;
};

/** What a miner says of its host. */
export type HostReport = {
  readonly agentEpoch: number;
  readonly agentVersion: string;
  readonly hostBootId: string;
  readonly accelerator: Accelerator;
  readonly platform: Platform;
  readonly cpuModel: string;
  readonly capacity: Size;
  /** What the agent's checks came to as it started; left out by an agent that makes none. */
  readonly checks?: readonly HostCheck[];
};

/** What a miner's own keeper wants of it: to be drained, and why; or, with `null`, to be given VMs again. */
export type DrainWish = { readonly drain: { readonly reason: string; readonly deadlineAt: UnixMs | null } | null };

/** What is asked of a miner about a VM's console: its end, or what came after an offset. */
export type ConsoleCall = { readonly vmId: string; readonly bytesMax: number; readonly after: number | null };

/** A part of a VM's console: the guest's own words, untrusted. `start` and `end` are offsets in everything it printed. */
export type ConsoleText = { readonly text: string; readonly start: number; readonly end: number };

/** What a VM has used. Each figure only rises. */
export type VmUsage = {
  readonly cpuTimeMs: number;
  readonly uptimeMs: number;
  readonly diskReadBytes: number;
  readonly diskReadOperations: number;
  readonly diskWrittenBytes: number;
  readonly diskWriteOperations: number;
};

/** A VM's counters as its miner keeps them: nothing vouches for them but the miner. */
export type VmMetrics = {
  readonly vmId: VmId;
  readonly takenAt: UnixMs;
  /** Of the newest boot that ran; `null` when none did. */
  readonly boot: { readonly bootEpoch: number; readonly usage: VmUsage } | null;
  /** Of all boots on this host. */
  readonly total: VmUsage;
  /** Host memory it has now; `null` while it does not run. */
  readonly memoryBytes: number | null;
  /** `null`: QEMU's own network, which every VM has until there is an overlay, counts nothing. */
  readonly networkBytes: { readonly received: number; readonly sent: number } | null;
  /** What holds it to its limits: `cpu`, `memory`, `io`, `pids` by a control group, `disk-rate` by QEMU. */
  readonly heldBy: readonly string[];
};
