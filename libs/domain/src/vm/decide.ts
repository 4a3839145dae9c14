import { Refusal, unreachable } from '../errors.ts';
import type { BootId } from '../values/ids.ts';
import { sameSize } from '../values/size.ts';
import type { UnixMs } from '../values/time.ts';
import type { VmCommand } from './commands.ts';
import type { BootCause, VmEvent } from './events.ts';
import {
  admissionDeadlineMs,
  bootDeadlineMs,
  lostDeadlineMs,
  placementDeadlineMs,
  removalDeadlineMs,
  reservationDeadlineMs,
  stopDeadlineMs,
  vmNameLengthMax,
} from './limits.ts';
import { observeVm } from './observe.ts';
import type { Vm, VmState } from './state.ts';

/** What a command does to a VM: events, `[]` when it is already so, or a thrown {@link Refusal}. */
export const decide = (state: VmState, command: VmCommand): readonly VmEvent[] => {
  if (command.type === 'RequestVm') return requestVm(state, command);
  if (state === null) throw new Refusal('vm-not-found', 'there is no such VM; `hcc vm ls` lists yours');
  switch (command.type) {
    case 'AdmitVm':
      return state.observed === 'awaiting-admission'
        ? [{ type: 'VmAdmitted', holdId: command.holdId, deadlineAt: command.now + placementDeadlineMs }]
        : [];
    case 'RefuseVm':
      return state.observed === 'awaiting-admission'
        ? [{ type: 'VmRefused', code: command.code, detail: command.detail }]
        : [];
    case 'ProposePlacement':
    case 'FailPlacement':
    case 'RejectPlacement':
    case 'ConfirmPlacement':
      return decidePlacement(state, command);
    case 'StartVm':
      return startVm(state, command.nextBootId, command.now);
    case 'StopVm':
      assertUsable(state);
      return state.desired === 'stopped'
        ? []
        : [{ type: 'VmStopRequested', reason: command.reason, deadlineAt: command.now + stopDeadlineMs }];
    case 'RebootVm':
      return rebootVm(state, command.nextBootId, command.now);
    case 'TerminateVm':
      return terminateVm(state, command.now);
    case 'ObserveVm':
      return observeVm(state, command);
    case 'MarkVmLost':
      return markLost(state, command);
    case 'RaiseVmDeadline':
      return raiseDeadline(state, command);
    default:
      return unreachable(command);
  }
};

type Command<Type extends VmCommand['type']> = Extract<VmCommand, { type: Type }>;

const HOST_NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

const requestVm = (state: VmState, command: Command<'RequestVm'>): readonly VmEvent[] => {
  if (state !== null) {
    if (isSameRequest(state, command)) return [];
    throw new Refusal(
      'vm-exists-with-other-content',
      `VM ${command.vmId} exists already and was requested with other content; use a new vmId`,
      { vmId: command.vmId },
    );
  }
  if (command.name.length > vmNameLengthMax || !HOST_NAME.test(command.name)) {
    throw new Refusal(
      'invalid-name',
      `VM name ${JSON.stringify(command.name.slice(0, 80))} is not a host name label; use 1 to ${vmNameLengthMax} of a-z, 0-9 and -, not - at an end`,
    );
  }
  const { vmId, accountId, name, flavorId, size, imageDigest, sshPublicKeys, restartPolicy, firstHold, now } = command;
  const deadlineAt = now + admissionDeadlineMs;
  return [
    {
      type: 'VmRequested',
      vmId,
      accountId,
      name,
      flavorId,
      size,
      imageDigest,
      sshPublicKeys,
      restartPolicy,
      firstHold,
      deadlineAt,
    },
  ];
};

const isSameRequest = (vm: Vm, command: Command<'RequestVm'>): boolean =>
  vm.accountId === command.accountId &&
  vm.name === command.name &&
  vm.flavorId === command.flavorId &&
  sameSize(vm.size, command.size) &&
  vm.imageDigest === command.imageDigest &&
  vm.restartPolicy === command.restartPolicy &&
  vm.sshPublicKeys.length === command.sshPublicKeys.length &&
  vm.sshPublicKeys.every((key, index) => key === command.sshPublicKeys[index]);

type PlacementCommand = Command<'ProposePlacement' | 'FailPlacement' | 'RejectPlacement' | 'ConfirmPlacement'>;

const decidePlacement = (vm: Vm, command: PlacementCommand): readonly VmEvent[] => {
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
  if (!isProposed(vm, minerId, generation)) {
    const code = vm.observed === 'terminated' ? 'vm-terminated' : 'stale-generation';
    return vm.declinedGeneration >= generation ? [] : [{ type: 'VmPlacementDeclined', minerId, generation, code }];
  }
  const placed: VmEvent = { type: 'VmPlaced', minerId, generation };
  return vm.desired === 'running' ? [placed, authorizeBoot(vm, 'placed', nextBootId, now, generation)] : [placed];
};

const isProposed = (vm: Vm, minerId: string, generation: number): boolean =>
  vm.observed === 'awaiting-reservation' && vm.proposal?.minerId === minerId && vm.proposal.generation === generation;

const sameCounts = (a: Readonly<Record<string, number>> | null, b: Readonly<Record<string, number>>): boolean => {
  if (a === null) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
};

const startVm = (vm: Vm, nextBootId: BootId, now: UnixMs): readonly VmEvent[] => {
  assertUsable(vm);
  const start: readonly VmEvent[] = vm.desired === 'running' ? [] : [{ type: 'VmStartRequested' }];
  const needsBoot =
    vm.placement !== null &&
    (vm.observed === 'stopped' || vm.observed === 'failed' || (vm.observed === 'stopping' && vm.desired === 'stopped'));
  if (!needsBoot) return start;
  return [{ type: 'VmStartRequested' }, authorizeBoot(vm, 'owner-start', nextBootId, now, vm.generation)];
};

const rebootVm = (vm: Vm, nextBootId: BootId, now: UnixMs): readonly VmEvent[] => {
  assertUsable(vm);
  if (vm.boot?.bootId === nextBootId) return [];
  if (vm.desired !== 'running' || (vm.observed !== 'running' && vm.observed !== 'starting')) {
    throw new Refusal(
      'vm-not-running',
      `VM ${vm.vmId} is ${vm.observed} (desired ${vm.desired}); only a running VM reboots: start it instead`,
      { observed: vm.observed, desired: vm.desired },
    );
  }
  return [{ type: 'VmRebootRequested' }, authorizeBoot(vm, 'owner-reboot', nextBootId, now, vm.generation)];
};

const authorizeBoot = (vm: Vm, cause: BootCause, bootId: BootId, now: UnixMs, generation: number): VmEvent => ({
  type: 'BootAuthorized',
  generation,
  bootEpoch: (vm.boot?.bootEpoch ?? 0) + 1,
  bootId,
  cause,
  authorizedAt: now,
  deadlineAt: now + bootDeadlineMs,
});

const terminateVm = (vm: Vm, now: UnixMs): readonly VmEvent[] => {
  if (vm.desired === 'absent') return [];
  const asked: VmEvent = { type: 'VmTerminationRequested', deadlineAt: now + removalDeadlineMs };
  // No miner was ever told of it, so nobody has a disk to remove; a reservation on its way is declined when it comes.
  return vm.placement === null ? [asked, { type: 'VmTerminated', diskRemoved: false }] : [asked];
};

const markLost = (vm: Vm, command: Command<'MarkVmLost'>): readonly VmEvent[] => {
  if (vm.placement?.minerId !== command.minerId || vm.observed === 'lost' || vm.observed === 'terminated') return [];
  const { minerId, lastSeenAt, now } = command;
  return [{ type: 'VmLost', minerId, lastSeenAt, deadlineAt: now + lostDeadlineMs }];
};

const raiseDeadline = (vm: Vm, command: Command<'RaiseVmDeadline'>): readonly VmEvent[] => {
  const { waitingFor, deadlineAt, now } = command;
  const due = vm.waiting?.for === waitingFor && vm.waiting.deadlineAt === deadlineAt && !vm.waiting.passed;
  return due && now >= deadlineAt ? [{ type: 'VmDeadlinePassed', waitingFor, deadlineAt }] : [];
};

const assertUsable = (vm: Vm): void => {
  if (vm.observed === 'refused') throw new Refusal('vm-refused', `VM ${vm.vmId} was refused; request a new one`);
  if (vm.desired === 'absent') throw new Refusal('vm-terminated', `VM ${vm.vmId} is ${vm.observed}; request a new one`);
};
