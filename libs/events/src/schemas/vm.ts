import { z } from 'zod';
import type { VmEvent } from '#domain';
import {
  accountId,
  bootId,
  count,
  holdId,
  imageDigest,
  instant,
  longText,
  microCredits,
  minerId,
  shortText,
  size,
  sshKeyText,
  vmId,
} from './values.ts';
import { vmBackupEvents } from './vm-backup.ts';
import { vmSealedEvents } from './vm-sealed.ts';

const reported = { minerId, generation: count, agentEpoch: count, sequence: count };
const placement = { minerId, generation: count };

export const exitCause = z.enum(['requested', 'guest-shutdown', 'crash', 'host-shutdown', 'host-reboot']);
export const sshEndpoint = z.strictObject({ host: z.string().max(253), port: z.int().min(1).max(65_535) });
export const restartPolicy = z.enum(['always', 'on-failure', 'never']);

export const waitingFor = z.enum([
  ...(['admission', 'placement', 'reservation', 'boot', 'key'] as const),
  ...(['stop', 'backup', 'removal', 'miner'] as const),
]);
const bootCause = z.enum(['placed', 'owner-start', 'owner-reboot', 'crash', 'guest-shutdown', 'host-reboot']);
const reasons = z.record(z.string().max(40), count);

/** Stored form, version 1, of every event on `vm-<id>`. */
export const vmEvents = {
  ...vmSealedEvents,
  ...vmBackupEvents,
  VmRequested: z.strictObject({
    vmId,
    accountId,
    name: shortText,
    flavorId: shortText,
    size,
    imageDigest,
    sshPublicKeys: z.array(sshKeyText).max(64),
    restartPolicy,
    firstHold: microCredits,
    deadlineAt: instant,
  }),
  VmAdmitted: z.strictObject({ holdId, deadlineAt: instant }),
  VmRefused: z.strictObject({ code: shortText, detail: longText }),
  VmPlacementProposed: z.strictObject({ ...placement, snapshotPosition: shortText, deadlineAt: instant }),
  VmPlacementRejected: z.strictObject({ ...placement, code: shortText, deadlineAt: instant }),
  VmPlacementFailed: z.strictObject({ reasons, snapshotPosition: shortText }),
  VmPlacementDeclined: z.strictObject({ ...placement, code: shortText }),
  VmPlaced: z.strictObject(placement),
  BootAuthorized: z.strictObject({
    generation: count,
    bootEpoch: count,
    bootId,
    cause: bootCause,
    authorizedAt: instant,
    deadlineAt: instant,
  }),
  VmStartRequested: z.strictObject({}),
  VmStopRequested: z.strictObject({ reason: shortText, deadlineAt: instant }),
  VmRebootRequested: z.strictObject({}),
  VmResizeRequested: z.strictObject({
    ...placement,
    flavorId: shortText,
    size,
    pricePerHour: microCredits,
    deadlineAt: instant,
  }),
  VmResized: z.strictObject({ ...placement, flavorId: shortText, size }),
  VmResizeRefused: z.strictObject({ generation: count, code: shortText, detail: longText }),
  VmSshKeysChanged: z.strictObject({ keysVersion: count, sshPublicKeys: z.array(sshKeyText).max(64) }),
  VmSshKeysApplied: z.strictObject({ bootId, keysVersion: count, ...reported }),
  VmTerminationRequested: z.strictObject({ deadlineAt: instant }),
  VmStarting: z.strictObject({ bootId, ...reported }),
  VmRunning: z.strictObject({
    bootId,
    endpoint: sshEndpoint,
    sshHostKey: sshKeyText,
    sshHostKeyAttested: z.boolean(),
    ...reported,
  }),
  VmStopped: z.strictObject({ bootId: bootId.nullable(), cause: exitCause, detail: longText, ...reported }),
  VmFailed: z.strictObject({ bootId: bootId.nullable(), code: shortText, detail: longText, ...reported }),
  VmLost: z.strictObject({ minerId, lastSeenAt: instant, deadlineAt: instant }),
  VmRecovered: z.strictObject({ minerId }),
  VmDeadlinePassed: z.strictObject({ waitingFor, deadlineAt: instant }),
  VmTerminated: z.strictObject({ diskRemoved: z.boolean() }),
} satisfies EventSchemas<VmEvent>;

/** One schema for every event of a union, each yielding exactly that event's fields. */
export type EventSchemas<Event extends { readonly type: string }> = {
  readonly [Type in Event['type']]: z.ZodType<Omit<Extract<Event, { type: Type }>, 'type'>>;
};
