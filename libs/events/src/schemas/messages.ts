import { z } from 'zod';
import type { DesiredSpec, VmObservation } from '#domain';
import { consoleBytesMax } from '../limits.ts';
import type { ConsoleCall, ConsoleText, DrainWish, HostReport, VmMetrics, VmReport, VmUsage } from '../messages.ts';
import type { AskAnswer, BackupCall, BackupSight } from '../ports/bus.ts';
import { hostChecks, hostFacts } from './miner.ts';
import {
  bootId,
  count,
  imageDigest,
  instant,
  longText,
  revision,
  sha256Hex,
  shortText,
  size,
  sshKeyText,
  vmId,
} from './values.ts';
import { exitCause, sshEndpoint } from './vm.ts';
import { backupOutcome, backupWanted, keptBackups, restoreWanted } from './vm-backup.ts';
import { bootSpecText, kernelCommandLine, volumeIntegrity } from './vm-sealed.ts';

const observation: z.ZodType<VmObservation> = z.discriminatedUnion('phase', [
  z.strictObject({ phase: z.literal('starting'), bootId }),
  z.strictObject({
    ...{ phase: z.literal('running'), bootId, endpoint: sshEndpoint, sshHostKey: sshKeyText },
    keysVersion: count.optional(),
  }),
  z.strictObject({
    ...{ phase: z.literal('stopped'), bootId: bootId.nullable(), cause: exitCause, detail: longText },
    backup: backupOutcome.optional(),
  }),
  z.strictObject({
    ...{ phase: z.literal('failed'), bootId: bootId.nullable(), code: shortText, detail: longText },
    backup: backupOutcome.optional(),
  }),
  z.strictObject({ phase: z.literal('absent') }),
]);

/** `report.<minerId>.<vmId>`: untrusted bytes until parsed. */
export const vmReport: z.ZodType<VmReport> = z.strictObject({
  vmId,
  generation: count,
  specRevision: revision,
  agentEpoch: count,
  sequence: count,
  observation,
});

/** `host.<minerId>`: untrusted bytes until parsed. */
export const hostReport: z.ZodType<HostReport> = z.strictObject({
  ...hostFacts,
  capacity: size,
  checks: hostChecks.exactOptional(),
});

/** `work.<minerId>.<vmId>`. */
export const desiredSpec: z.ZodType<DesiredSpec> = z.strictObject({
  vmId,
  generation: count,
  specRevision: revision,
  desired: z.enum(['running', 'stopped', 'absent']),
  boot: z.strictObject({ bootEpoch: count, bootId }).nullable(),
  name: shortText,
  size,
  imageDigest,
  sshPublicKeys: z.array(sshKeyText).max(64),
  keysVersion: count.optional(),
  stopDeadlineMs: count,
  sealed: z
    .strictObject({
      ...{ bootSpec: bootSpecText, bootDigest: sha256Hex, cmdline: kernelCommandLine },
      ...{ integrity: volumeIntegrity, access: z.string().max(65_536).nullable() },
    })
    .optional(),
  backup: backupWanted.optional(),
  restore: restoreWanted.optional(),
  keptBackups: keptBackups.optional(),
});

/** The request on `ask.<minerId>.drain`. */
export const drainWish: z.ZodType<DrainWish> = z.strictObject({
  drain: z.strictObject({ reason: shortText, deadlineAt: instant.nullable() }).nullable(),
});

/** The request on `call.<minerId>.console`. */
export const consoleCall: z.ZodType<ConsoleCall> = z.strictObject({
  vmId: z.uuid().lowercase(),
  bytesMax: z.int().positive().max(consoleBytesMax),
  after: count.nullable(),
});

/** The request on `call.<minerId>.metrics`. */
export const metricsCall = z.strictObject({ vmId: z.uuid().lowercase() });

const consoleText: z.ZodType<ConsoleText> = z.strictObject({
  text: z.string().max(consoleBytesMax),
  start: count,
  end: count,
});

const usage: z.ZodType<VmUsage> = z.strictObject({
  cpuTimeMs: count,
  uptimeMs: count,
  diskReadBytes: count,
  diskReadOperations: count,
  diskWrittenBytes: count,
  diskWriteOperations: count,
});

const metrics: z.ZodType<VmMetrics> = z.strictObject({
  vmId,
  takenAt: instant,
  boot: z.strictObject({ bootEpoch: count, usage }).nullable(),
  total: usage,
  memoryBytes: count.nullable(),
  networkBytes: z.strictObject({ received: count, sent: count }).nullable(),
  heldBy: z.array(shortText).max(16),
});

/** What a miner answers a call: untrusted bytes until parsed. */
export type CallAnswer<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly reason: string };

const answerOf = <Value>(value: z.ZodType<Value>): z.ZodType<CallAnswer<Value>> =>
  z.discriminatedUnion('ok', [
    z.strictObject({ ok: z.literal(true), value }),
    z.strictObject({ ok: z.literal(false), reason: longText }),
  ]);

const backupSight: z.ZodType<BackupSight> = z.strictObject({ store: longText.nullable(), isThere: z.boolean() });

export const backupCall: z.ZodType<BackupCall> = z.strictObject({ vmId, manifestSha256: sha256Hex });
export const backupAnswer = answerOf(backupSight);
export const consoleAnswer = answerOf(consoleText);
export const metricsAnswer = answerOf(metrics);
export { usage as vmUsage };

/** The answer to any request, either way: untrusted bytes until parsed. */
export const askAnswer: z.ZodType<AskAnswer> = z.discriminatedUnion('ok', [
  z.strictObject({ ok: z.literal(true), text: z.string().max(consoleBytesMax) }),
  z.strictObject({ ok: z.literal(false), reason: longText }),
]);
