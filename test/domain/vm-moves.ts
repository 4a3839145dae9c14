import fc from 'fast-check';
import {
  type BootId,
  microCredits,
  minuteMs,
  type Vm,
  type VmCommand,
  type VmObservation,
  type VmState,
} from '#domain';
import { type Move, shownAs } from './laws.ts';
import { nano, noon, times } from './samples.ts';
import { outcomeOf, toBackupCommand } from './vm-backup-moves.ts';
import { toSealedCommand } from './vm-sealed-moves.ts';
import { boot, endpoint, holdId, request, sshHostKey } from './vm-story.ts';
import { type Kind, kinds, onward, type Whim, whims } from './vm-whims.ts';

/** Moves of everyone who may speak to a VM: its owner, the processes, its miner, another miner, the past. */
export const vmMove: fc.Arbitrary<Move<VmState, VmCommand>> = fc
  .tuple(fc.constantFrom(...kinds), whims)
  .map(([kind, whim]) =>
    shownAs((vm, step) => toCommand(kind === 'onward' ? onward(vm) : kind, whim, vm, step), { kind, whim }),
  );

const toCommand = (kind: Kind, whim: Whim, vm: VmState, step: number): VmCommand => {
  const now = noon + step * minuteMs;
  const nextBootId = boot(step);
  const proposal = proposalOf(whim, vm);
  switch (kind) {
    case 'RequestVm':
      return { ...request, now, ...wantedOf(whim, vm) };
    case 'SpecifyBoot':
    case 'ReleaseKey':
    case 'ConfirmBoot':
    case 'ConsentVm':
    case 'RecordKeyDestroyed':
      return toSealedCommand(kind, whim, vm, now);
    case 'AdmitVm':
    case 'RefuseVm':
      return toAdmission(kind, now);
    case 'ProposePlacement':
      return { type: kind, now, minerId: whim.miner, snapshotPosition: '7' };
    case 'FailPlacement':
      return { type: kind, now, reasons: { memory: whim.generation }, snapshotPosition: '7' };
    case 'RejectPlacement':
      return { type: 'RejectPlacement', now, ...proposal, code: 'memory' };
    case 'ConfirmPlacement':
      return { type: 'ConfirmPlacement', now, ...proposal, nextBootId };
    case 'StartVm':
    case 'RebootVm':
      return { type: kind, now, nextBootId };
    case 'StopVm':
      return { type: kind, now, reason: 'owner' };
    case 'ResizeVm':
    case 'RefuseResize':
    case 'ChangeVmSshKeys':
      return toChange(kind, whim, proposal.generation, { now, nextBootId });
    case 'TerminateVm':
      return { type: 'TerminateVm', now, destroyBackups: whim.aim };
    case 'BackUpVm':
    case 'RemoveBackup':
    case 'RestoreVm':
      return toBackupCommand(kind, whim, vm, { now, nextBootId });
    case 'MarkVmLost':
      return { type: 'MarkVmLost', now, minerId: vm?.placement?.minerId ?? whim.miner, lastSeenAt: noon };
    case 'RaiseVmDeadline': {
      const wait = whim.aim ? vm?.waiting : null;
      const deadlineAt = wait?.deadlineAt ?? now;
      return { type: kind, now: Math.max(now, deadlineAt), waitingFor: wait?.for ?? whim.waitingFor, deadlineAt };
    }
    default:
      return observe(toObservation(kind, whim, vm), whim, vm, now, nextBootId);
  }
};

const proposalOf = (whim: Whim, vm: VmState) => {
  const answered = whim.aim ? (vm?.proposal ?? resizeOf(vm) ?? vm?.restore) : null;
  return { minerId: answered?.minerId ?? whim.miner, generation: answered?.generation ?? whim.generation };
};

const toAdmission = (kind: 'AdmitVm' | 'RefuseVm', now: number): VmCommand =>
  kind === 'AdmitVm'
    ? { type: kind, now, holdId }
    : { type: kind, now, code: 'insufficient-credits', detail: 'needs 10 credits' };

const wantedOf = (whim: Whim, vm: VmState) => {
  const restartPolicy = whim.aim ? (vm?.restartPolicy ?? whim.policy) : whim.policy;
  const isSealed = whim.aim && vm !== null ? vm.volume !== null : whim.isSealed;
  return { restartPolicy, volume: isSealed ? ({ kind: 'luks2', integrity: 'none' } as const) : request.volume };
};

type At = { readonly now: number; readonly nextBootId: BootId };

const toChange = (
  kind: 'ResizeVm' | 'RefuseResize' | 'ChangeVmSshKeys',
  whim: Whim,
  generation: number,
  { now, nextBootId }: At,
): VmCommand => {
  const { aim, keys } = whim;
  switch (kind) {
    case 'ResizeVm': {
      const pricePerHour = microCredits(BigInt(whim.times));
      return { type: kind, now, flavorId: `times-${whim.times}`, size: times(whim.times, nano), pricePerHour };
    }
    case 'RefuseResize':
      return { type: kind, now, generation, code: 'memory', detail: 'no room', nextBootId };
    case 'ChangeVmSshKeys':
      return { type: kind, now, set: aim ? keys : null, add: keys.slice(0, 1), remove: keys.slice(2) };
    default:
      return kind satisfies never;
  }
};

/** What the miner of a VM that is being resized answers about. */
const resizeOf = (vm: VmState) =>
  vm?.placement && vm.resize ? { minerId: vm.placement.minerId, generation: vm.resize.generation } : null;

const observe = (observation: VmObservation, whim: Whim, vm: VmState, now: number, nextBootId: BootId): VmCommand => {
  const isLeaving = observation.phase === 'absent' && whim.aim;
  const holder = (isLeaving ? vm?.former[0] : null) ??
    (whim.aim ? vm?.placement : null) ?? { minerId: whim.miner, generation: whim.generation };
  const last = vm?.lastReport ?? { agentEpoch: 1, sequence: 0 };
  return {
    type: 'ObserveVm',
    now,
    ...holder,
    agentEpoch: last.agentEpoch + whim.epochAhead,
    sequence: last.sequence + whim.sequenceAhead,
    observation,
    nextBootId,
  };
};

const toObservation = (phase: VmObservation['phase'], whim: Whim, vm: Vm | null): VmObservation => {
  const bootId = (whim.aim ? vm?.boot?.bootId : null) ?? boot(whim.bootIndex);
  switch (phase) {
    case 'starting':
      return { phase, bootId };
    case 'running':
      return {
        ...{ phase, bootId, endpoint: { ...endpoint, port: whim.port }, sshHostKey },
        keysVersion: whim.aim ? vm?.keysVersion : whim.times,
      };
    case 'stopped':
      return {
        ...{ phase, bootId: whim.aim ? (vm?.boot?.bootId ?? null) : bootId, cause: whim.cause, detail: 'exit' },
        backup: outcomeOf(whim, vm),
      };
    case 'failed':
      return { phase, bootId, code: 'no-disk-space', detail: 'needs 1 GiB' };
    case 'absent':
      return { phase };
    default:
      return phase satisfies never;
  }
};
