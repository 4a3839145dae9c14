import { unreachable } from '../errors.ts';
import { authorizeBoot } from './boot.ts';
import type { VmCommand } from './commands.ts';
import type { VmEvent } from './events.ts';
import { placementDeadlineMs, reservationDeadlineMs } from './limits.ts';
import { confirmResize } from './resize.ts';
import { confirmRestore, isRestoreOf, refuseRestore } from './restore.ts';
import type { Vm } from './state.ts';

type Command<Type extends VmCommand['type']> = Extract<VmCommand, { type: Type }>;
type PlacementCommand = Command<'ProposePlacement' | 'FailPlacement' | 'RejectPlacement' | 'ConfirmPlacement'>;

/** The steps of a placement: proposed, then confirmed or rejected by the miner's own stream. */
export const decidePlacement = (vm: Vm, command: PlacementCommand): readonly VmEvent[] => {
  switch (command.type) {
    case 'ProposePlacement':
      if (vm.observed !== 'awaiting-placement') return [];
      return [
        {
          type: 'VmPlacementProposed',
          minerId: command.minerId,
          generation: vm.generation + 1,
          snapshotPosition: command.snapshotPosition,
          deadlineAt: command.now + reservationDeadlineMs,
        },
      ];
    case 'FailPlacement':
      // Told once for each set of reasons, or every change of any miner would repeat it for every waiting VM.
      if (vm.observed !== 'awaiting-placement' || sameCounts(vm.placementFailure, command.reasons)) return [];
      return [{ type: 'VmPlacementFailed', reasons: command.reasons, snapshotPosition: command.snapshotPosition }];
    case 'RejectPlacement': {
      const { minerId, generation, code } = command;
      if (isRestoreOf(vm, command)) return refuseRestore(command);
      if (!isProposed(vm, minerId, generation)) return [];
      return [
        { type: 'VmPlacementRejected', minerId, generation, code, deadlineAt: command.now + placementDeadlineMs },
      ];
    }
    case 'ConfirmPlacement':
      return confirmPlacement(vm, command);
    default:
      return unreachable(command);
  }
};

const confirmPlacement = (vm: Vm, command: Command<'ConfirmPlacement'>): readonly VmEvent[] => {
  const { minerId, generation, nextBootId, now } = command;
  if (vm.placement?.minerId === minerId && vm.placement.generation === generation) return [];
  if (vm.resize?.generation === generation && vm.placement?.minerId === minerId) {
    return confirmResize(vm, vm.resize, command);
  }
  if (isRestoreOf(vm, command)) return restored(vm, command);
  if (!isProposed(vm, minerId, generation)) {
    const code = vm.observed === 'terminated' ? 'vm-terminated' : 'stale-generation';
    return vm.declinedGeneration >= generation ? [] : [{ type: 'VmPlacementDeclined', minerId, generation, code }];
  }
  const placed: VmEvent = { type: 'VmPlaced', minerId, generation };
  return vm.desired === 'running' ? [placed, authorizeBoot(vm, 'placed', nextBootId, now, generation)] : [placed];
};

/** A lost VM shall run: it boots where it is now. A stopped one is started by its owner. */
const restored = (vm: Vm, command: Command<'ConfirmPlacement'>): readonly VmEvent[] => {
  const { nextBootId, now, generation } = command;
  const events = confirmRestore(vm, command);
  const isPlaced = events[0]?.type === 'VmPlaced';
  return isPlaced && vm.desired === 'running'
    ? [...events, authorizeBoot(vm, 'placed', nextBootId, now, generation)]
    : events;
};

const isProposed = (vm: Vm, minerId: string, generation: number): boolean =>
  vm.observed === 'awaiting-reservation' && vm.proposal?.minerId === minerId && vm.proposal.generation === generation;

const sameCounts = (a: Readonly<Record<string, number>> | null, b: Readonly<Record<string, number>>): boolean => {
  if (a === null) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
};
