import { type MinerId, unopenedRestore, type Vm } from '#domain';
import type { Accuse } from '../checker.ts';
import type { SimMiner } from '../sim-miner.ts';
import type { SimBackupStore } from './backup-store.ts';

/**
 * Knows which copies of disks may go although their VMs live: those of miners that a VM was restored away from, once a
 * guest has opened what was restored.
 */
export const createFormerCheck = () => {
  const mayGo = new Set<string>();
  const keyOf = (vmId: string, minerId: string, generation: number): string => `${vmId} ${minerId} ${generation}`;
  return {
    see: (vm: Vm): void => {
      if (vm.former.length === 0 || unopenedRestore(vm) !== null) return;
      for (const { minerId, generation } of vm.former) mayGo.add(keyOf(vm.vmId, minerId, generation));
    },
    mayGo: (vmId: string, minerId: string, generation: number): boolean => mayGo.has(keyOf(vmId, minerId, generation)),
  };
};

/** The generation that a miner still keeps room for, because a copy is there that may yet be the only one that opens. */
export const keptCopyOn = (vm: Vm, minerId: MinerId): number | null =>
  vm.desired === 'absent' || unopenedRestore(vm) === null
    ? null
    : (vm.former.find((copy) => copy.minerId === minerId)?.generation ?? null);

/** What must be true of a VM's copies once faults have stopped and everything had time to heal. */
export const checkMoved = (
  vm: Vm,
  hosts: ReadonlyMap<MinerId, SimMiner>,
  backups: SimBackupStore,
  accuse: Accuse,
): void => {
  const isOver = vm.observed === 'terminated' || vm.observed === 'refused';
  for (const { minerId, generation } of vm.former) {
    // One that is over needs no word of a miner any more: its host was told, or tells itself.
    if (isOver || keptCopyOn(vm, minerId) !== null) continue;
    accuse('former-copy-goes', `${vm.vmId}: ${minerId} has not removed generation ${generation}, which nobody needs`);
  }
  for (const [minerId, { guests }] of hosts) {
    const { record = null, disowned = false } = guests.get(vm.vmId) ?? {};
    const isWanted = !isOver && (vm.placement?.minerId === minerId || keptCopyOn(vm, minerId) !== null);
    if (record !== null && !isWanted && !disowned) {
      accuse('former-copy-goes', `${vm.vmId}: ${minerId} has a copy of generation ${record.spec.generation}`);
    }
  }
  if (vm.keysPending && vm.observed === 'running') accuse('keys-arrive', `${vm.vmId} lets in whom it let in before`);
  if (isOver) return;
  for (const { backupId, manifestSha256 } of vm.backups) {
    if (backups.get(vm.vmId, manifestSha256) !== null) continue;
    accuse('backup-is-kept', `backup ${backupId} of ${vm.vmId} is not in the store, and nobody removed it`);
  }
};
