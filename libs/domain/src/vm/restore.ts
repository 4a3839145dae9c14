import { Refusal } from '../errors.ts';
import { assertIdle } from './backup.ts';
import type { VmCommand } from './commands.ts';
import type { VmEvent } from './events.ts';
import { present } from './evolve.ts';
import { reservationDeadlineMs } from './limits.ts';
import { sealedVolume } from './sealed-boot.ts';
import type { Vm } from './state.ts';

type Command<Type extends VmCommand['type']> = Extract<VmCommand, { type: Type }>;

/**
 * The disk becomes what it was, on this or another miner, as a new generation: what the old one still has or runs counts
 * for nothing from then on. Of a stopped VM, or of one whose miner is lost; its next boot attests anew, and its owner
 * consents to the older disk where it was opened since.
 */
export const restoreVm = (vm: Vm, { backupId, minerId, now }: Command<'RestoreVm'>): readonly VmEvent[] => {
  sealedVolume(vm);
  const backup = vm.backups.find((made) => made.backupId === backupId);
  if (backup === undefined) {
    throw new Refusal('backup-not-found', `VM ${vm.vmId} has no backup ${backupId}; hcc vm backups lists them`);
  }
  if (vm.restore?.backupId === backupId && vm.restore.minerId === minerId) return [];
  if (vm.restore !== null) {
    throw new Refusal(
      'vm-restoring',
      `VM ${vm.vmId} is being restored from ${vm.restore.backupId} onto miner ${vm.restore.minerId}; ask again when that is done`,
      { observed: vm.restore.backupId, wanted: backupId },
    );
  }
  const isThere = vm.placement?.minerId === minerId;
  if (vm.observed !== 'lost') assertIdle(vm, 'its disk is replaced');
  else if (isThere) {
    throw new Refusal('miner-lost', `miner ${minerId} of VM ${vm.vmId} is lost; restore it onto another one`, {
      observed: minerId,
    });
  }
  const { manifestSha256 } = backup;
  const replaces = isThere ? (vm.placement?.generation ?? null) : null;
  const deadlineAt = now + reservationDeadlineMs;
  const wanted = { backupId, manifestSha256, minerId, generation: vm.generation + 1, replaces, size: vm.size };
  return [{ type: 'VmRestoreRequested', ...wanted, deadlineAt }];
};

type Answered = { readonly minerId: string; readonly generation: number };

/** Whether a miner's answer to a reservation is about the restore that waits for it. */
export const isRestoreOf = ({ restore }: Vm, { minerId, generation }: Answered): boolean =>
  restore?.generation === generation && restore.minerId === minerId;

/** The miner has set the room aside. A VM that came back meanwhile, or shall be gone, keeps its place and its disk. */
export const confirmRestore = (vm: Vm, { minerId, generation }: Command<'ConfirmPlacement'>): readonly VmEvent[] => {
  if (vm.observed === 'restoring' || vm.observed === 'lost') return [{ type: 'VmPlaced', minerId, generation }];
  const code = vm.desired === 'absent' ? 'vm-terminated' : 'vm-returned';
  const detail = `the VM is ${present(vm).observed} (desired ${vm.desired}) on the miner that has its disk`;
  return [
    { type: 'VmRestoreRefused', generation, code, detail },
    { type: 'VmPlacementDeclined', minerId, generation, code },
  ];
};

/** The miner has no room for it. */
export const refuseRestore = ({ minerId, generation, code }: Command<'RejectPlacement'>): readonly VmEvent[] => [
  { type: 'VmRestoreRefused', generation, code, detail: `miner ${minerId} cannot set the room aside (${code})` },
];
