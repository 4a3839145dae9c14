import type { BootId, ImageDigest, MinerId, VmId } from '../values/ids.ts';
import type { Size } from '../values/size.ts';
import { unopenedRestore } from './backup-evolve.ts';
import type { Restored } from './backup-state.ts';
import { stopDeadlineMs } from './limits.ts';
import type { VolumeIntegrity } from './sealed-events.ts';
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
  /** What a VM is started with whose disk its miner cannot read. Without it and with a boot, the VM is a plain one. */
  readonly sealed?: SealedSpec | undefined;
  /** A copy of the volume that shall be made while the VM is stopped, once. */
  readonly backup?: { readonly backupId: string } | undefined;
  /** What the volume is made from before the next boot, once for each `generation` that this was asked in. */
  readonly restore?: Restored | undefined;
  /** The lists of the backups that count: what else the store has of this VM may go. Absent where none was ever asked for. */
  readonly keptBackups?: readonly string[] | undefined;
};

/** What the host starts of a sealed VM, all of it measured, and the one signed thing that it hands to the running guest. */
export type SealedSpec = {
  readonly bootSpec: string;
  readonly bootDigest: string;
  readonly cmdline: string;
  readonly integrity: VolumeIntegrity;
  /** The envelope with the newest SSH keys, signed by the network; the publisher puts it there. */
  readonly access: string | null;
};

/** The spec for the VM's miner; `null` while no miner holds it. */
export const desiredSpec = (vm: Vm, specRevision: bigint): DesiredSpec | null => {
  if (vm.placement === null) return null;
  const { vmId, name, size, imageDigest, keysVersion } = vm;
  const { generation } = vm.placement;
  // A boot of an earlier generation was of another size: nothing may start it any more.
  const current = vm.boot?.generation === generation ? vm.boot : null;
  // Nothing may start a sealed boot before it is settled what is measured of it.
  const sealed = current === null ? null : sealedSpec(vm);
  const isReady = current !== null && (vm.volume === null || sealed !== null);
  const boot = isReady ? { bootEpoch: current.bootEpoch, bootId: current.bootId } : null;
  // Who may log in to a sealed VM is told to its guest alone.
  const sshPublicKeys = vm.volume === null ? vm.sshPublicKeys : [];
  // Whoever starts a VM that is being resized starts it in its new size, or in its old one once that is refused.
  const isHeld = vm.resize !== null || vm.backup !== null || vm.observed === 'restoring';
  const desired = isHeld && vm.desired === 'running' ? 'stopped' : vm.desired;
  const asItIs = { vmId, generation, specRevision, desired, boot, name, size, imageDigest, sshPublicKeys, keysVersion };
  const restore = unopenedRestore(vm);
  return {
    ...asItIs,
    stopDeadlineMs,
    ...(sealed !== null && { sealed }),
    ...(vm.backup !== null && { backup: { backupId: vm.backup.backupId } }),
    ...(restore !== null && { restore }),
    ...(isKept(vm) && { keptBackups: desired === 'absent' ? [] : vm.backups.map((copy) => copy.manifestSha256) }),
  };
};

const isKept = ({ backups, backup, backupFailure, removedBackups }: Vm): boolean =>
  backups.length > 0 || removedBackups.length > 0 || backup !== null || backupFailure !== null;

/** What miners that held it before are told: to run nothing, and to remove what they have once a guest has opened what
 *  was restored. Until then theirs may be the only disk that can be read. */
export const formerSpecs = (vm: Vm, specRevision: bigint): readonly FormerSpec[] => {
  const spec = desiredSpec(vm, specRevision);
  if (spec === null) return [];
  const { sealed: _, backup: __, restore: ___, keptBackups: ____, ...asItIs } = spec;
  const desired = vm.desired === 'absent' || unopenedRestore(vm) === null ? 'absent' : 'stopped';
  return vm.former.map(({ minerId, generation }) => ({
    minerId,
    spec: { ...asItIs, generation, desired, boot: null, sshPublicKeys: [] },
  }));
};

export type FormerSpec = { readonly minerId: MinerId; readonly spec: DesiredSpec };

const sealedSpec = ({ volume, sealedBoot }: Vm): SealedSpec | null => {
  if (volume === null || sealedBoot === null) return null;
  const { bootSpec, bootDigest, cmdline } = sealedBoot.specified;
  return { bootSpec, bootDigest, cmdline, integrity: volume.integrity, access: null };
};
