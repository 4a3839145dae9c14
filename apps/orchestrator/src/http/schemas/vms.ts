import { z } from 'zod';
import {
  accountId,
  backupId,
  bootId,
  consentKind,
  consoleBytesMax,
  imageDigest,
  minerId,
  restartPolicy,
  vmId,
  volumeIntegrity,
} from '#events';
import { consoleBytes, fingerprintsMax } from '../limits.ts';
import { observed } from '../views/vm.view.ts';
import { fingerprint } from './accounts.ts';
import { atLeast, numberFrom, yesOrNo } from './door.ts';
import { flavorId } from './flavors.ts';
import { listQuery } from './lists.ts';
import { listAt } from './moments.ts';

export const newVm = z.strictObject({
  vmId,
  accountId,
  name: z.string().min(1).max(200),
  flavorId: z.string().min(1).max(40),
  imageDigest,
  sshKeyFingerprints: z.array(fingerprint).min(1).max(fingerprintsMax).optional(),
  restartPolicy: restartPolicy.default('on-failure'),
  integrity: volumeIntegrity
    .default('none')
    .describe(
      'What guards the sectors of its encrypted disk against a host that changes single ones; hmac-sha256 costs writes and room',
    ),
});
export type NewVm = z.infer<typeof newVm>;

export const consentVm = z.strictObject({
  kind: consentKind.describe('rollback: a disk that may be an older copy; launch: a start with something older'),
  bootId: bootId.describe('The boot that this is about, which is the present one: a later one asks again'),
});

export const backUpVm = z.strictObject({
  backupId: backupId.describe('Made by you; a repeat under it makes no other'),
});
export const backupPath = z.strictObject({ vmId, backupId });
export const restoreVm = z.strictObject({
  backupId,
  minerId: minerId
    .optional()
    .describe('Where; the miner that has it when absent, and one with room when that one is lost'),
});
export const terminateVm = z.strictObject({
  destroyBackups: yesOrNo.describe(
    'Its key is destroyed, and every backup is unreadable from then on: refused without this if there are any',
  ),
});

export const vmPath = z.strictObject({ vmId });
export const stopVm = z.strictObject({ reason: z.string().min(1).max(200).default('asked by its owner') });
export const resizeVm = z
  .strictObject({
    flavorId: flavorId.optional().describe('The size it shall have; without it the flavor it has'),
    diskBytes: z
      .int()
      .min(1)
      .optional()
      .describe('A disk of at least this, in whole MiB; beyond that of the flavor its price grows in proportion'),
  })
  .refine(
    ({ flavorId, diskBytes }) => flavorId !== undefined || diskBytes !== undefined,
    'expected flavorId or diskBytes',
  );

const fingerprints = z.array(fingerprint).max(fingerprintsMax);
export const vmSshKeys = z
  .strictObject({
    set: fingerprints.min(1).optional().describe('All of them: keys of its account, or of the VM itself'),
    add: fingerprints.default([]).describe('Keys of its account that shall be let in too'),
    remove: fingerprints.default([]).describe('Keys of the VM that shall be let in no more'),
  })
  .refine(({ set, add, remove }) => set !== undefined || add.length + remove.length > 0, 'expected set, add or remove');
export const vmList = z.strictObject({
  ...listQuery,
  ...listAt,
  accountId: accountId.optional(),
  observed: observed.optional().describe('Only those that are in this state'),
  minerId: minerId.optional().describe('Only those that this miner holds'),
  flavorId: z.string().min(1).max(40).optional(),
  name: z.string().min(1).max(200).optional().describe('Only those of exactly this name'),
  gone: yesOrNo.describe('Only those of which nothing is left, or only the others'),
});
/** An offset in everything a guest ever printed: exact up to a petabyte. */
const consoleOffset = z
  .string()
  .regex(/^[0-9]{1,15}$/, 'expected a whole number')
  .transform(Number)
  .meta({ wire: { type: 'integer', minimum: 0 } });

export const consoleQuery = z.strictObject({
  bytes: numberFrom(1, consoleBytesMax, consoleBytes),
  after: consoleOffset.optional(),
});

export const whyNotVm = z.strictObject({ ...atLeast, minerId: minerId.optional().describe('Why it is not there') });
export const whyNotRequest = z.strictObject({
  ...atLeast,
  flavorId: flavorId.describe('The size that would be requested'),
  minerId: minerId.optional().describe('Whether this one could take it'),
  accountId: accountId.optional().describe("Whose credits and keys count; an owner's own when absent"),
});
