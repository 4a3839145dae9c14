import { z } from 'zod';
import { backupId, backupOutcome, bootId, desiredSpec, exitCause, imageDigest, keptBackups } from '#events';
import type { LocalBoot, LocalVm } from '../converge/index.ts';

const count = z.int().nonnegative();
const text = z.string().max(4_096);
const ofBoot = { bootId, bootEpoch: count };

const boot: z.ZodType<LocalBoot> = z.discriminatedUnion('state', [
  z.strictObject({
    ...ofBoot,
    state: z.literal('launched'),
    hostBootId: text,
    sshHostKey: text.nullable(),
    keysVersion: count.optional(),
    guestFailure: text.nullable(),
    guestFailureCode: text.optional(),
    bootSpec: text.optional(),
    stopAsked: z.strictObject({ cause: z.enum(['requested', 'host-shutdown']), agentEpoch: count }).nullable(),
  }),
  z.strictObject({ ...ofBoot, state: z.literal('ended'), cause: exitCause, detail: text, agentEpoch: count }),
  z.strictObject({ ...ofBoot, state: z.literal('failed'), code: text, detail: text }),
]);

/** Stored form, version 1, of `vm.json`. */
const record = z.strictObject({
  version: z.literal(1),
  spec: desiredSpec,
  sshPort: z.int().min(1).max(65_535).nullable(),
  disk: z.strictObject({ imageDigest, diskBytes: count, kind: z.enum(['overlay', 'volume']).optional() }).nullable(),
  boot: boot.nullable(),
  backup: backupOutcome.optional(),
  restoredIn: count.optional(),
  swept: z.strictObject({ after: backupId.nullable(), kept: keptBackups.readonly() }).optional(),
});

/** A VM's record as text. */
export const encodeRecord = (vm: LocalVm): string =>
  `${JSON.stringify(z.encode(record, { version: 1, ...vm }), null, 2)}\n`;

/** Reads a record back. Throws an error that names the first thing wrong: the file may hold anything. */
export const decodeRecord = (content: string): LocalVm => {
  const parsed = record.safeDecode(JSON.parse(content));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`${issue?.path.join('.') || 'the whole'}: ${issue?.message ?? 'not a VM record'}`);
  }
  const { version: _, ...vm } = parsed.data;
  return vm;
};
