import { z } from 'zod';

// Like ./views.ts: what we read of an answer, and no more; an older server may lack what is optional.
const time = z.string().max(40);
const text = z.string().max(8_000);

export const vmDisk = z.looseObject({
  format: text,
  sizeBytes: z.number(),
  encryption: text,
  kind: text.optional(),
  cipher: text.optional(),
  keyBits: z.number().optional(),
  pbkdf: text.optional(),
  integrity: text.optional(),
  headerSha256: text.nullish(),
  bootCounter: z.number().optional(),
  keyDestroyed: z.boolean().optional(),
});

/** How far a VM's present boot is with the key of its disk. */
export const vmRelease = z.looseObject({
  bootId: text,
  state: text,
  consent: z.enum(['rollback', 'launch']).nullable(),
  mode: text.nullable(),
  awaitedSince: time.nullable(),
  deadlineAt: time.nullable(),
  releasedAt: time.nullable(),
  guestKeySha256: text.nullable(),
});
