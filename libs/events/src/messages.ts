import type { Accelerator, Platform, Size, VmObservation } from '#domain';

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
};

/** What is asked of a miner about a VM's serial log. */
export type ConsoleCall = { readonly vmId: string; readonly bytesMax: number };
