import { Refusal, unreachable } from '../errors.ts';
import type { BootId } from '../values/ids.ts';
import { assertHostName } from '../values/names.ts';
import { sameSize } from '../values/size.ts';
import type { UnixMs } from '../values/time.ts';
import { assertBackupsMayDie, backUpVm, removeBackup } from './backup.ts';
import type { VmBackupCommand } from './backup-commands.ts';
import { authorizeBoot } from './boot.ts';
import type { VmCommand } from './commands.ts';
import type { VmEvent } from './events.ts';
import { isUp, present } from './evolve.ts';
import {
  admissionDeadlineMs,
  lostDeadlineMs,
  placementDeadlineMs,
  removalDeadlineMs,
  stopDeadlineMs,
} from './limits.ts';
import { observeVm } from './observe.ts';
import { decidePlacement } from './place.ts';
import { refuseResize, resizeVm } from './resize.ts';
import { restoreVm } from './restore.ts';
import { decideSealed } from './seal.ts';
import { changeSshKeys } from './ssh-keys.ts';
import type { Vm, VmState } from './state.ts';
import { assertUsable } from './usable.ts';

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
      return stopVm(state, command);
    case 'RebootVm':
      return rebootVm(state, command.nextBootId, command.now);
    case 'ResizeVm':
      assertUsable(state);
      return resizeVm(state, command);
    case 'RefuseResize':
      return refuseResize(state, command);
    case 'ChangeVmSshKeys':
      assertUsable(state);
      return changeSshKeys(state, command);
    case 'BackUpVm':
    case 'RemoveBackup':
    case 'RestoreVm':
      assertUsable(state);
      return decideBackups(state, command);
    case 'TerminateVm':
      return terminateVm(state, command);
    case 'ObserveVm':
      return observeVm(state, command);
    case 'MarkVmLost':
      return markLost(state, command);
    case 'RaiseVmDeadline':
      return raiseDeadline(state, command);
    default:
      return decideSealed(state, command);
  }
};

const decideBackups = (vm: Vm, command: Extract<VmCommand, VmBackupCommand>): readonly VmEvent[] => {
  switch (command.type) {
    case 'BackUpVm':
      return backUpVm(vm, command);
    case 'RemoveBackup':
      return removeBackup(vm, command);
    case 'RestoreVm':
      return restoreVm(vm, command);
    default:
      return unreachable(command);
  }
};

type Command<Type extends VmCommand['type']> = Extract<VmCommand, { type: Type }>;

const stopVm = (vm: Vm, { reason, now }: Command<'StopVm'>): readonly VmEvent[] => {
  assertUsable(vm);
  return vm.desired === 'stopped' ? [] : [{ type: 'VmStopRequested', reason, deadlineAt: now + stopDeadlineMs }];
};

const requestVm = (state: VmState, command: Command<'RequestVm'>): readonly VmEvent[] => {
  if (state !== null) {
    if (isSameRequest(state, command)) return [];
    throw new Refusal(
      'vm-exists-with-other-content',
      `VM ${command.vmId} exists already and was requested with other content; use a new vmId`,
      { vmId: command.vmId },
    );
  }
  assertHostName('VM', command.name);
  const { vmId, accountId, name, flavorId, size, imageDigest, sshPublicKeys, restartPolicy, firstHold, now } = command;
  const deadlineAt = now + admissionDeadlineMs;
  const { volume } = command;
  const chosen: readonly VmEvent[] =
    volume.kind === 'plain' ? [] : [{ type: 'VmVolumeChosen', integrity: volume.integrity }];
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
    ...chosen,
  ];
};

const isSameRequest = (vm: Vm, command: Command<'RequestVm'>): boolean =>
  vm.accountId === command.accountId &&
  vm.name === command.name &&
  vm.asked.flavorId === command.flavorId &&
  sameSize(vm.asked.size, command.size) &&
  vm.imageDigest === command.imageDigest &&
  vm.restartPolicy === command.restartPolicy &&
  (vm.volume?.integrity ?? null) === (command.volume.kind === 'plain' ? null : command.volume.integrity) &&
  vm.asked.sshPublicKeys.length === command.sshPublicKeys.length &&
  vm.asked.sshPublicKeys.every((key, index) => key === command.sshPublicKeys[index]);

const startVm = (vm: Vm, nextBootId: BootId, now: UnixMs): readonly VmEvent[] => {
  assertUsable(vm);
  if (vm.observed === 'restoring') {
    throw new Refusal('vm-restoring', `VM ${vm.vmId} is being restored; start it when that is done`);
  }
  const start: readonly VmEvent[] = vm.desired === 'running' ? [] : [{ type: 'VmStartRequested' }];
  // A lost VM gets its boot now, beneath the loss: its miner may return without anything to report that would ask for one.
  const { observed } = present(vm);
  // One that runs though it shall be stopped is being stopped: its miner was told so, and said nothing of it yet.
  const isGoingDown = vm.desired === 'stopped' && (observed === 'stopping' || isUp(observed));
  const needsBoot = observed === 'stopped' || observed === 'failed' || isGoingDown;
  if (vm.placement === null || !needsBoot) return start;
  const { generation } = vm.placement;
  return [{ type: 'VmStartRequested' }, authorizeBoot(vm, 'owner-start', nextBootId, now, generation)];
};

const rebootVm = (vm: Vm, nextBootId: BootId, now: UnixMs): readonly VmEvent[] => {
  assertUsable(vm);
  if (vm.boot?.bootId === nextBootId) return [];
  const isUp = vm.observed === 'running' || vm.observed === 'starting' || vm.observed === 'awaiting-key';
  if (vm.desired !== 'running' || !isUp || vm.placement === null) {
    throw new Refusal(
      'vm-not-running',
      `VM ${vm.vmId} is ${vm.observed} (desired ${vm.desired}); only a running VM reboots: start it instead`,
      { observed: vm.observed, desired: vm.desired },
    );
  }
  return [{ type: 'VmRebootRequested' }, authorizeBoot(vm, 'owner-reboot', nextBootId, now, vm.placement.generation)];
};

const terminateVm = (vm: Vm, { now, destroyBackups }: Command<'TerminateVm'>): readonly VmEvent[] => {
  if (vm.desired === 'absent') return [];
  assertBackupsMayDie(vm, destroyBackups === true);
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
