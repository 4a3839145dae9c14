import {
  admissionDeadlineMs,
  type BootCause,
  type BootId,
  bootDeadlineMs,
  credits,
  type ExitCause,
  type HoldId,
  type ImageDigest,
  type MinerId,
  placementDeadlineMs,
  removalDeadlineMs,
  reservationDeadlineMs,
  stopDeadlineMs,
  type VmCommand,
  type VmEvent,
  type VmObservation,
} from '#domain';
import { accountId, minerId, nano, noon, sha256Of, uuid, vmId } from './samples.ts';

export type VmEventOf<Type extends VmEvent['type']> = Extract<VmEvent, { type: Type }>;
export type VmCommandOf<Type extends VmCommand['type']> = Extract<VmCommand, { type: Type }>;

export const boot = (n: number): BootId => uuid(900 + n);
export const holdId: HoldId = uuid(31);
export const endpoint = { host: '192.0.2.7', port: 2201 };
export const sshHostKey = 'ssh-ed25519 AAAAhost';
export const digest = sha256Of('a') as ImageDigest;
export const otherDigest = sha256Of('e') as ImageDigest;

export const request: VmCommandOf<'RequestVm'> = {
  type: 'RequestVm',
  now: noon,
  vmId,
  accountId,
  name: 'web-1',
  flavorId: 'nano',
  size: nano,
  imageDigest: digest,
  sshPublicKeys: ['ssh-ed25519 AAAAowner'],
  restartPolicy: 'on-failure',
  firstHold: credits(10n),
  volume: { kind: 'plain' },
};

/** A miner's report; `sequence` counts within a life of its agent. */
export const report = (
  sequence: number,
  observation: VmObservation,
  more: Partial<VmCommandOf<'ObserveVm'>> = {},
): VmCommandOf<'ObserveVm'> => ({
  type: 'ObserveVm',
  now: noon,
  minerId,
  generation: 1,
  agentEpoch: 1,
  sequence,
  observation,
  nextBootId: boot(100 + sequence),
  ...more,
});

export const isRunning = (n = 1, at = endpoint, key = sshHostKey): VmObservation => ({
  phase: 'running',
  bootId: boot(n),
  endpoint: at,
  sshHostKey: key,
});
export const hasFailed = (code: string, detail: string, n = 1): VmObservation => ({
  phase: 'failed',
  bootId: boot(n),
  code,
  detail,
});
export const isStopped = (cause: ExitCause, n = 1): VmObservation => ({
  phase: 'stopped',
  bootId: boot(n),
  cause,
  detail: 'exit 0',
});

const from = (sequence: number) => ({ minerId, generation: 1, agentEpoch: 1, sequence });

const { type: _, now: __, volume: ___, ...content } = request;

/** Events of the story, as they are stored. */
export const happened = {
  requested: { type: 'VmRequested', ...content, deadlineAt: noon + admissionDeadlineMs },
  admitted: { type: 'VmAdmitted', holdId, deadlineAt: noon + placementDeadlineMs },
  proposed: (to: MinerId = minerId, generation = 1): VmEvent => ({
    type: 'VmPlacementProposed',
    minerId: to,
    generation,
    snapshotPosition: '7',
    deadlineAt: noon + reservationDeadlineMs,
  }),
  placed: { type: 'VmPlaced', minerId, generation: 1 },
  bootAuthorized: (n: number, cause: BootCause, bootId: BootId = boot(n), at = noon): VmEvent => ({
    type: 'BootAuthorized',
    generation: 1,
    bootEpoch: n,
    bootId,
    cause,
    authorizedAt: at,
    deadlineAt: at + bootDeadlineMs,
  }),
  starting: (sequence: number, n = 1): VmEvent => ({ type: 'VmStarting', bootId: boot(n), ...from(sequence) }),
  running: (sequence: number, n = 1, at = endpoint, key = sshHostKey): VmEvent => ({
    type: 'VmRunning',
    bootId: boot(n),
    endpoint: at,
    sshHostKey: key,
    sshHostKeyAttested: false,
    ...from(sequence),
  }),
  stopped: (sequence: number, cause: ExitCause, n = 1, agentEpoch = 1): VmEvent => ({
    type: 'VmStopped',
    bootId: boot(n),
    cause,
    detail: 'exit 0',
    ...from(sequence),
    agentEpoch,
  }),
  failed: (sequence: number, code: string, detail: string, n = 1): VmEventOf<'VmFailed'> => ({
    type: 'VmFailed',
    bootId: boot(n),
    code,
    detail,
    ...from(sequence),
  }),
  stopRequested: { type: 'VmStopRequested', reason: 'owner', deadlineAt: noon + stopDeadlineMs },
  terminationRequested: { type: 'VmTerminationRequested', deadlineAt: noon + removalDeadlineMs },
} as const satisfies Record<string, VmEvent | ((...parts: never[]) => VmEvent)>;

const admitted: readonly VmEvent[] = [happened.requested, happened.admitted];
const proposed: readonly VmEvent[] = [...admitted, happened.proposed()];
const placed: readonly VmEvent[] = [...proposed, happened.placed, happened.bootAuthorized(1, 'placed')];

/** Histories that end in a state with a name. */
export const until = {
  admitted,
  proposed,
  placed,
  running: [...placed, happened.starting(1), happened.running(2)] as readonly VmEvent[],
};
