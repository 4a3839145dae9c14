import { z } from 'zod';
import { accountId, isoTime } from '#events';
import { listQuery } from './lists.ts';

/** An instant with its zone, in the form that is stored. */
const time = z.iso.datetime({ offset: true }).transform((text) => isoTime(Date.parse(text)));

export const auditQuery = z.strictObject({
  ...listQuery,
  actor: z
    .string()
    .regex(
      /^(owner|operator|viewer|miner|process|system):[a-z0-9-]{1,110}$/,
      'expected an actor such as owner:<accountId>',
    )
    .optional(),
  type: z
    .string()
    .regex(/^[A-Z][A-Za-z0-9]{0,99}$/, 'expected an event type such as VmRequested')
    .optional(),
  accountId: accountId.optional(),
  since: time.optional(),
  until: time.optional(),
  order: z.enum(['oldest-first', 'newest-first']).default('oldest-first'),
});
