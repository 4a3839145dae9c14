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
  /** Which of the VM's sets of keys these are; the agent names it when the guest has taken them. Absent in specs of older builds. */
  readonly keysVersion?: number | undefined;
  readonly stopDeadlineMs: number;
};

/** The spec for the VM's miner; `null` while no miner holds it. */
export const desiredSpec = (vm: Vm, specRevision: bigint): DesiredSpec | null => {
  if (vm.placement === null) return null;
  const { vmId, name, size, imageDigest, sshPublicKeys, keysVersion } = vm;
  const { generation } = vm.placement;
  // A boot of an earlier generation was of another size: nothing may start it any more.
  const boot = vm.boot?.generation === generation ? { bootEpoch: vm.boot.bootEpoch, bootId: vm.boot.bootId } : null;
  // Whoever starts a VM that is being resized starts it in its new size, or in its old one once that is refused.
  const desired = vm.resize !== null && vm.desired === 'running' ? 'stopped' : vm.desired;
  const asItIs = { vmId, generation, specRevision, desired, boot, name, size, imageDigest, sshPublicKeys, keysVersion };
  return { ...asItIs, stopDeadlineMs };
};
