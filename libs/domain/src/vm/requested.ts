import type { UnixMs } from '../values/time.ts';
import type { VmEvent, WaitingFor } from './events.ts';
import type { Vm, Waiting } from './state.ts';

export type Requested = Extract<VmEvent, { type: 'VmRequested' }>;

/** A VM at the moment it is requested. */
export const requested = (event: Requested): Vm => ({
  vmId: event.vmId,
  accountId: event.accountId,
  name: event.name,
  flavorId: event.flavorId,
  size: event.size,
  imageDigest: event.imageDigest,
  sshPublicKeys: event.sshPublicKeys,
  keysVersion: 1,
  keysPending: false,
  asked: { flavorId: event.flavorId, size: event.size, sshPublicKeys: event.sshPublicKeys },
  resize: null,
  resizeRefusal: null,
  restartPolicy: event.restartPolicy,
  desired: 'running',
  observed: 'awaiting-admission',
  observedBeforeLost: null,
  waitingBeforeLost: null,
  lastHeardAt: null,
  refusal: null,
  holdId: null,
  generation: 0,
  proposal: null,
  declinedGeneration: 0,
  placement: null,
  placementFailure: null,
  boot: null,
  exit: null,
  crashBootsAt: [],
  endpoint: null,
  sshHostKey: null,
  sshHostKeyAttested: false,
  volume: null,
  sealedBoot: null,
  backups: [],
  backup: null,
  removedBackups: [],
  backupFailure: null,
  restore: null,
  restoreRefusal: null,
  restored: null,
  former: [],
  waiting: waiting('admission', event.deadlineAt),
  lastReport: null,
});

/** A wait that has just begun. */
export const waiting = (reason: WaitingFor, deadlineAt: UnixMs): Waiting => ({
  for: reason,
  deadlineAt,
  passed: false,
});
