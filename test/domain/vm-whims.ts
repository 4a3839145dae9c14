import fc from 'fast-check';
import type { ExitCause, RestartPolicy, VmCommand, VmObservation, VmState, WaitingFor } from '#domain';
import { minerId, otherMinerId } from './samples.ts';
import { backupStep } from './vm-backup-moves.ts';
import { type SealedWhim, sealedWhims, unlockStep } from './vm-sealed-moves.ts';

const causes: readonly ExitCause[] = ['requested', 'guest-shutdown', 'crash', 'host-shutdown', 'host-reboot'];
const waits: readonly WaitingFor[] = [
  'admission',
  'placement',
  'reservation',
  'boot',
  'key',
  'stop',
  'backup',
  'removal',
  'miner',
];
const policies: readonly RestartPolicy[] = ['always', 'on-failure', 'never'];

/** What a move is made of, beside the state it looks at. Mostly it does what fits the state; now and then anything. */
export type Whim = SealedWhim & {
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

export const whims: fc.Arbitrary<Whim> = fc
  .tuple(plainWhims, sealedWhims)
  .map(([plain, sealed]) => ({ ...plain, ...sealed }));

export type Kind = Exclude<VmCommand['type'], 'ObserveVm'> | VmObservation['phase'];

/** `onward` is whatever the VM waits for next. */
type Aim = Kind | 'onward';

const often: readonly Aim[] = ['ProposePlacement', 'ConfirmPlacement', 'AdmitVm', 'RequestVm', 'running', 'stopped'];
export const kinds: readonly Aim[] = [
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
  ...(['StopVm', 'BackUpVm', 'RemoveBackup', 'RestoreVm', 'RestoreVm'] as const),
];

/** The kind of move that brings a VM further. */
export const onward = (vm: VmState): Kind => {
  if (vm === null) return 'RequestVm';
  switch (vm.observed) {
    case 'awaiting-admission':
      return 'AdmitVm';
    case 'awaiting-placement':
      return 'ProposePlacement';
    case 'awaiting-reservation':
    case 'resizing':
      return 'ConfirmPlacement';
    case 'restoring':
      return (vm.boot?.bootEpoch ?? 0) % 2 === 0 ? 'RejectPlacement' : 'ConfirmPlacement';
    case 'awaiting-boot':
      return unlockStep(vm) ?? 'starting';
    case 'starting':
    case 'awaiting-key':
      return unlockStep(vm) ?? 'running';
    case 'running':
    case 'stopping':
    case 'backing-up':
      return 'stopped';
    case 'stopped':
    case 'failed':
      return backupStep(vm) ?? 'StartVm';
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
