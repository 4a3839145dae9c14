import { z } from 'zod';

/** What either side answers: a value, or why not. The reason is for the log of whoever asked, and holds no secret. */
export const answered = <Value>(value: z.ZodType<Value>) =>
  z.discriminatedUnion('ok', [
    z.strictObject({ ok: z.literal(true), value }),
    z.strictObject({
      ok: z.literal(false),
      code: z.string().max(100),
      reason: z.string().max(reasonCharsMax),
      retryInMs: z.int().nonnegative().nullable(),
    }),
  ]);

/** A "no" as it goes over the bus. */
export const refusal = (code: string, reason: string, retryInMs: number | null) =>
  ({ ok: false, code, reason: reason.slice(0, reasonCharsMax), retryInMs }) as const;

const reasonCharsMax = 2_000;
