import { type MinerId, unopenedRestore, type Vm, type VmCommand } from '#domain';
import { bootIdOf } from '#events';
import { createRandom, type Random } from '../random.ts';

type WithoutNow<Command> = Command extends unknown ? Omit<Command, 'now'> : never;
type Wish = WithoutNow<VmCommand>;

export type Movers = {
  readonly miners: readonly MinerId[];
  /** Of 100 wishes about a VM, how many are of its copies, its place and its keys. */
  readonly movingPercent: number;
};

/**
 * What an owner wants who moves VMs and keeps copies of them, by what the VM is now; `null` for a wish of another kind.
 * Drawn from the command's own id: what a seed has of everything else does not depend on this.
 */
export const movingWish = (commandId: string, vm: Vm | undefined, { miners, movingPercent }: Movers): Wish | null => {
  const random = createRandom(Number.parseInt(commandId.slice(0, 8), 16));
  if (movingPercent === 0 || vm === undefined || !random.chance(movingPercent / 100)) return null;
  if (vm.volume === null) return keysOf(commandId);
  if (random.chance(0.01)) return { type: 'TerminateVm', destroyBackups: true };
  if (vm.observed === 'lost') return restoreOf(vm, miners, random) ?? keysOf(commandId);
  // Copies are of a disk that nothing writes to, and that was opened once.
  if (vm.observed === 'running') return random.chance(0.7) ? { type: 'StopVm', reason: 'owner' } : keysOf(commandId);
  const isDown = vm.desired === 'stopped' && (vm.observed === 'stopped' || vm.observed === 'failed');
  if (isDown) return ofStopped(commandId, vm, miners, random);
  if (vm.backup !== null && random.chance(0.05)) return removalOf(commandId, vm.backup.backupId);
  // It has to wait for something: most owners let it.
  return random.chance(0.8) ? keysOf(commandId) : null;
};

const keysOf = (commandId: string): Wish => ({
  ...{ type: 'ChangeVmSshKeys', set: [`ssh-ed25519 ${commandId}`], add: [], remove: [] },
});

const removalOf = (commandId: string, backupId: string): Wish => ({
  ...{ type: 'RemoveBackup', backupId, nextBootId: bootIdOf(commandId) },
});

const ofStopped = (commandId: string, vm: Vm, miners: readonly MinerId[], random: Random): Wish | null => {
  const start = { type: 'StartVm', nextBootId: bootIdOf(commandId) } as const;
  // Nobody has opened what was restored: its miners before wait for that. Some owners leave it so.
  if (unopenedRestore(vm) !== null && random.chance(0.7)) return start;
  if (vm.volume?.headerSha256 === null) return start;
  if (vm.backups.length === 0 || random.chance(0.2)) return { type: 'BackUpVm', backupId: commandId };
  if (random.chance(0.75)) return restoreOf(vm, miners, random);
  return random.chance(0.4) ? removalOf(commandId, random.pick(vm.backups).backupId) : start;
};

/** Mostly onto another miner, also when its own is lost; now and then onto the one that it is on. */
const restoreOf = ({ backups, placement }: Vm, miners: readonly MinerId[], random: Random): Wish | null => {
  if (backups.length === 0) return null;
  const others = miners.filter((minerId) => minerId !== placement?.minerId);
  const minerId = random.pick(others.length > 0 && random.chance(0.85) ? others : miners);
  return { type: 'RestoreVm', backupId: random.pick(backups).backupId, minerId };
};
