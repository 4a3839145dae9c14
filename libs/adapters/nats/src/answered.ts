import { z } from 'zod';

export type Answered<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly code: string; readonly reason: string; readonly retryInMs: number | null };

const made = new WeakMap<z.ZodType, z.ZodType>();

/**
 * What either side answers: a value, or why not. The reason is for the log of whoever asked, and holds no secret. Made once for
 * each schema of a value: zod compiles what it is given, which takes longer than an answer does.
 */
export const answered = <Value>(value: z.ZodType<Value>): z.ZodType<Answered<Value>> => {
  const known = made.get(value) ?? answeredAnew(value);
  made.set(value, known);
  // Kept under the schema of its value, which says what it is an answer of.
  return known as z.ZodType<Answered<Value>>;
};

const answeredAnew = <Value>(value: z.ZodType<Value>): z.ZodType<Answered<Value>> =>
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
