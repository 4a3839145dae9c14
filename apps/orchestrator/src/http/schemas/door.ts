import { z } from 'zod';
import { DoorProblem, invalidRequest } from '#edge';

/** What a schema makes of a part of the request. Refuses with `invalid-request`, every wrong field named. */
export const parse = <T>(schema: z.ZodType<T>, value: unknown, part: 'body' | 'query' | 'path' | 'headers'): T => {
  // A request without a body is one with an empty one.
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const { code, detail, data } = invalidRequest(parsed.error, part);
  throw new DoorProblem(code, detail, data);
};

export const nothing = z.strictObject({});

/** Any read may wait for what its caller has just written. */
export const atLeast = {
  atLeast: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('A position that a command answered: wait until the read model shows it'),
};
export const readQuery = z.strictObject(atLeast);

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^[0-9]{1,10}$/, 'expected a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `expected ${min} to ${max}`);

/** A whole number in a query. */
export const numberFrom = (min: number, max: number, whenAbsent: number) =>
  wholeNumber(min, max)
    .default(whenAbsent)
    .meta({ wire: { type: 'integer', minimum: min, maximum: max, default: whenAbsent } });

/** A yes or no in a query, or nothing. */
export const yesOrNo = z
  .enum(['true', 'false'])
  .transform((text) => text === 'true')
  .optional();
