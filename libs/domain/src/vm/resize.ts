import { Refusal, unreachable } from '../errors.ts';
import type { BootId } from '../values/ids.ts';
import { formatBytes, sameSize } from '../values/size.ts';
import { authorizeBoot } from './boot.ts';
import type { VmCommand } from './commands.ts';
import type { VmEvent } from './events.ts';
import { reservationDeadlineMs } from './limits.ts';
import { waiting } from './requested.ts';
import type { Resize, Vm } from './state.ts';

type Command<Type extends VmCommand['type']> = Extract<VmCommand, { type: Type }>;
type ResizeEvent = Extract<VmEvent, { type: 'VmResizeRequested' | 'VmResized' | 'VmResizeRefused' }>;

/**
 * A stopped VM in another size, on the miner that has its disk: a new generation of it, once its account holds the price
 * and its miner has the room. Refuses by name a VM that is not stopped, a smaller disk, and a larger one where it has tags.
 */
export const resizeVm = (vm: Vm, command: Command<'ResizeVm'>): readonly VmEvent[] => {
  const { flavorId, size, pricePerHour, now } = command;
  const { resize, placement } = vm;
  const wanted = resize ?? vm;
  if (wanted.flavorId === flavorId && sameSize(wanted.size, size)) return [];
  if (resize !== null) {
    throw new Refusal(
      'vm-resizing',
      `VM ${vm.vmId} is being resized to ${resize.flavorId}; ask again when that is done`,
      { wanted: flavorId, observed: resize.flavorId },
    );
  }
  // What no stop would mend is said first, so that nobody stops a VM for it.
  if (size.diskBytes < vm.size.diskBytes) {
    throw new Refusal(
      'disk-never-shrinks',
      `flavor ${flavorId} has ${formatBytes(size.diskBytes)} of disk and VM ${vm.vmId} has ${formatBytes(vm.size.diskBytes)}; a disk never shrinks: take a flavor with at least that, or ask for the disk beside it`,
      { observed: size.diskBytes, wanted: vm.size.diskBytes },
    );
  }
  if (vm.volume?.integrity === 'hmac-sha256' && size.diskBytes > vm.size.diskBytes) {
    throw new Refusal(
      'disk-never-grows',
      `flavor ${flavorId} has ${formatBytes(size.diskBytes)} of disk and VM ${vm.vmId} has ${formatBytes(vm.size.diskBytes)} with integrity hmac-sha256, whose tags are laid out for that size: take a flavor with the same disk, or make a new VM`,
      { observed: size.diskBytes, wanted: vm.size.diskBytes },
    );
  }
  if (placement === null || vm.desired !== 'stopped' || (vm.observed !== 'stopped' && vm.observed !== 'failed')) {
    throw new Refusal(
      'vm-not-stopped',
      `VM ${vm.vmId} is ${vm.observed} (desired ${vm.desired}); it is resized while it is stopped: stop it first, or use --restart`,
      { observed: vm.observed, desired: vm.desired, wanted: 'stopped' },
    );
  }
  const { minerId } = placement;
  const deadlineAt = now + reservationDeadlineMs;
  const generation = vm.generation + 1;
  return [{ type: 'VmResizeRequested', minerId, generation, flavorId, size, pricePerHour, deadlineAt }];
};

/** The miner has set the new size aside: the VM has it from now on, and boots if it was started meanwhile. */
export const confirmResize = (
  vm: Vm,
  resize: Resize,
  { minerId, nextBootId, now }: Command<'ConfirmPlacement'>,
): readonly VmEvent[] => {
  const { generation, flavorId, size } = resize;
  return [{ type: 'VmResized', minerId, generation, flavorId, size }, ...bootOf(vm, nextBootId, now, generation)];
};

/** It came to nothing: the VM keeps what it had, and boots with that if it was started meanwhile. */
export const refuseResize = (vm: Vm, command: Command<'RefuseResize'>): readonly VmEvent[] => {
  const { generation, code, detail, nextBootId, now } = command;
  if (vm.resize?.generation !== generation || vm.placement === null) return [];
  const refused: VmEvent = { type: 'VmResizeRefused', generation, code, detail };
  return [refused, ...bootOf(vm, nextBootId, now, vm.placement.generation)];
};

const bootOf = (vm: Vm, bootId: BootId, now: number, generation: number): readonly VmEvent[] =>
  vm.desired === 'running' ? [authorizeBoot(vm, 'owner-start', bootId, now, generation)] : [];

/** The VM after one more event of a resize. One that is being terminated goes on with that. */
export const evolveResize = (vm: Vm, event: ResizeEvent): Vm => {
  const isResizing = vm.observed === 'resizing';
  const back = vm.resize?.from ?? 'stopped';
  switch (event.type) {
    case 'VmResizeRequested': {
      const { generation, flavorId, size, deadlineAt } = event;
      const from = vm.observed === 'failed' ? 'failed' : 'stopped';
      const resize = { generation, flavorId, size, from } as const;
      return { ...vm, generation, resize, observed: 'resizing', waiting: waiting('reservation', deadlineAt) };
    }
    case 'VmResized': {
      const { minerId, generation, flavorId, size } = event;
      const resized: Vm = {
        ...vm,
        placement: { minerId, generation },
        flavorId,
        size,
        resize: null,
        resizeRefusal: null,
      };
      return isResizing ? { ...resized, observed: back, waiting: null } : resized;
    }
    case 'VmResizeRefused': {
      const kept: Vm = { ...vm, resize: null, resizeRefusal: { code: event.code, detail: event.detail } };
      return isResizing ? { ...kept, observed: back, waiting: null } : kept;
    }
    default:
      return unreachable(event);
  }
};
