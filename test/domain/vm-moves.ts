import fc from 'fast-check';
import {
  type BootId,
  type ExitCause,
  microCredits,
  minuteMs,
  type RestartPolicy,
  type Vm,
  type VmCommand,
  type VmObservation,
  type VmState,
  type WaitingFor,
} from '#domain';
import { type Move, shownAs } from './laws.ts';
import { minerId, nano, noon, otherMinerId, times } from './samples.ts';
import { type SealedWhim, sealedWhims, toSealedCommand, unlockStep } from './vm-sealed-moves.ts';
import { boot, endpoint, holdId, request, sshHostKey } from './vm-story.ts';

const causes: readonly ExitCause[] = ['requested', 'guest-shutdown', 'crash', 'host-shutdown', 'host-reboot'];
const waits: readonly WaitingFor[] = [
  'admission',
  'placement',
  'reservation',
  'boot',
  'key',
  'stop',
  'removal',
  'miner',
];
const policies: readonly RestartPolicy[] = ['always', 'on-failure', 'never'];

/** What a move is made of, beside the state it looks at. Mostly it does what fits the state; now and then anything. */
type Whim = SealedWhim & {
  readonly aim: boolean;
  readonly cause: ExitCause;
  readonly waitingFor: WaitingFor;
  readonly policy: RestartPolicy;
  readonly sequenceAhead: number;
  readonly epochAhead: number;
  readonly miner: typeof minerId;
  readonly generation: number;
  readonly bootIndex: number;
  readonly port: number;
  readonly times: number;
  readonly keys: readonly string[];
};

const plainWhims = fc.record({
  aim: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, fc.constant(false)),
  cause: fc.constantFrom(...causes),
  waitingFor: fc.constantFrom(...waits),
  policy: fc.constantFrom(...policies),
  sequenceAhead: fc.integer({ min: -1, max: 3 }),
  epochAhead: fc.constantFrom(0, 0, 0, 1, -1),
  miner: fc.constantFrom(minerId, minerId, otherMinerId),
  generation: fc.integer({ min: 0, max: 3 }),
  bootIndex: fc.integer({ min: 0, max: 30 }),
  port: fc.constantFrom(2201, 2201, 2202),
  times: fc.integer({ min: 1, max: 3 }),
  keys: fc.subarray(['ssh-ed25519 AAAAowner', 'ssh-ed25519 AAAAother', 'ssh-ed25519 AAAAthird']),
});

const whims: fc.Arbitrary<Whim> = fc.tuple(plainWhims, sealedWhims).map(([plain, sealed]) => ({ ...plain, ...sealed }));

type Kind = Exclude<VmCommand['type'], 'ObserveVm'> | VmObservation['phase'];

/** `onward` is whatever the VM waits for next. */
type Aim = Kind | 'onward';

const often: readonly Aim[] = ['ProposePlacement', 'ConfirmPlacement', 'AdmitVm', 'RequestVm', 'running', 'stopped'];
const kinds: readonly Aim[] = [
  ...often,
  ...often,
  ...often,
  'starting',
  'failed',
  'absent',
  'RefuseVm',
  'FailPlacement',
  'RejectPlacement',
  'StartVm',
  'StopVm',
  'RebootVm',
  'running',
  'running',
  'running',
  ...Array.from({ length: 4 }, () => ['ResizeVm', 'RefuseResize', 'ChangeVmSshKeys', 'StopVm'] as const).flat(),
  'TerminateVm',
  'MarkVmLost',
  'RaiseVmDeadline',
  ...Array.from({ length: 40 }, () => 'onward' as const),
  ...(['starting', 'SpecifyBoot', 'ReleaseKey', 'ConfirmBoot', 'ConsentVm'] as const),
  ...(['RecordKeyDestroyed', 'RecordKeyDestroyed'] as const),
];

/** Moves of everyone who may speak to a VM: its owner, the processes, its miner, another miner, the past. */
export const vmMove: fc.Arbitrary<Move<VmState, VmCommand>> = fc
  .tuple(fc.constantFrom(...kinds), whims)
  .map(([kind, whim]) =>
    shownAs((vm, step) => toCommand(kind === 'onward' ? onward(vm) : kind, whim, vm, step), { kind, whim }),
  );

const onward = (vm: VmState): Kind => {
  if (vm === null) return 'RequestVm';
  switch (vm.observed) {
    case 'awaiting-admission':
      return 'AdmitVm';
    case 'awaiting-placement':
      return 'ProposePlacement';
    case 'awaiting-reservation':
    case 'resizing':
      return 'ConfirmPlacement';
    case 'awaiting-boot':
      return unlockStep(vm) ?? 'starting';
    case 'starting':
    case 'awaiting-key':
      return unlockStep(vm) ?? 'running';
    case 'running':
    case 'stopping':
      return 'stopped';
    case 'stopped':
    case 'failed':
      return 'StartVm';
    case 'lost':
      return 'running';
    case 'terminating':
      return 'absent';
    case 'terminated':
    case 'refused':
      return 'RecordKeyDestroyed';
    default:
      return vm.observed satisfies never;
  }
};

const toCommand = (kind: Kind, whim: Whim, vm: VmState, step: number): VmCommand => {
  const now = noon + step * minuteMs;
  const nextBootId = boot(step);
  const proposal = (whim.aim ? (vm?.proposal ?? resizeOf(vm)) : null) ?? {
    ...{ minerId: whim.miner, generation: whim.generation },
  };
  switch (kind) {
    case 'RequestVm': {
      const restartPolicy = whim.aim ? (vm?.restartPolicy ?? whim.policy) : whim.policy;
      const isSealed = whim.aim && vm !== null ? vm.volume !== null : whim.isSealed;
      const volume = isSealed ? ({ kind: 'luks2', integrity: 'none' } as const) : request.volume;
      return { ...request, now, restartPolicy, volume };
    }
    case 'SpecifyBoot':
    case 'ReleaseKey':
    case 'ConfirmBoot':
    case 'ConsentVm':
    case 'RecordKeyDestroyed':
      return toSealedCommand(kind, whim, vm, now);
    case 'AdmitVm':
      return { type: 'AdmitVm', now, holdId };
    case 'RefuseVm':
      return { type: 'RefuseVm', now, code: 'insufficient-credits', detail: 'needs 10 credits' };
    case 'ProposePlacement':
      return { type: 'ProposePlacement', now, minerId: whim.miner, snapshotPosition: '7' };
    case 'FailPlacement':
      return { type: 'FailPlacement', now, reasons: { memory: whim.generation }, snapshotPosition: '7' };
    case 'RejectPlacement':
      return { type: 'RejectPlacement', now, ...proposal, code: 'memory' };
    case 'ConfirmPlacement':
      return { type: 'ConfirmPlacement', now, ...proposal, nextBootId };
    case 'StartVm':
    case 'RebootVm':
      return { type: kind, now, nextBootId };
    case 'StopVm':
      return { type: 'StopVm', now, reason: 'owner' };
    case 'ResizeVm':
    case 'RefuseResize':
    case 'ChangeVmSshKeys':
      return toChange(kind, whim, proposal.generation, { now, nextBootId });
    case 'TerminateVm':
      return { type: 'TerminateVm', now };
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
  const holder = (whim.aim ? vm?.placement : null) ?? { minerId: whim.miner, generation: whim.generation };
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
      return { phase, bootId: whim.aim ? (vm?.boot?.bootId ?? null) : bootId, cause: whim.cause, detail: 'exit' };
    case 'failed':
      return { phase, bootId, code: 'no-disk-space', detail: 'needs 1 GiB' };
    case 'absent':
      return { phase };
    default:
      return phase satisfies never;
  }
};
