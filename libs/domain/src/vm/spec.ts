import type { BootId, ImageDigest, VmId } from '../values/ids.ts';
import type { Size } from '../values/size.ts';
import { stopDeadlineMs } from './limits.ts';
import type { Desired, Vm } from './state.ts';

/**
 * The whole of what a miner is told about one VM, last one wins. `generation` fences, `specRevision` (the vm stream's
 * revision) orders, `boot.bootId` may be started once. Its absence means nothing: only `desired: absent` removes.
 */
export type DesiredSpec = {
  readonly vmId: VmId;
  readonly generation: number;
  readonly specRevision: bigint;
  readonly desired: Desired;
  readonly boot: { readonly bootEpoch: number; readonly bootId: BootId } | null;
  readonly name: string;
  readonly size: Size;
  readonly imageDigest: ImageDigest;
  readonly sshPublicKeys: readonly string[];
  readonly stopDeadlineMs: number;
};

/** The spec for the VM's miner; `null` while no miner holds it. */
export const desiredSpec = (vm: Vm, specRevision: bigint): DesiredSpec | null => {
  if (vm.placement === null) return null;
  const { vmId, desired, boot, name, size, imageDigest, sshPublicKeys } = vm;
  const { generation } = vm.placement;
  return { vmId, generation, specRevision, desired, boot, name, size, imageDigest, sshPublicKeys, stopDeadlineMs };
};
