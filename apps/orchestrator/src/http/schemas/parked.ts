import { z } from 'zod';
import { revision } from '#events';
import { listQuery } from './lists.ts';

const consumer = z.string().regex(/^[a-z0-9][a-z0-9-]{0,99}$/, 'expected the name of a consumer, such as read-model');

export const parkedList = z.strictObject({
  ...listQuery,
  consumer: consumer.optional(),
  status: z.enum(['parked', 'skipped']).default('parked'),
});
export const parkingPath = z.strictObject({ consumer });
export const parkedPath = z.strictObject({ consumer, eventId: z.uuid().lowercase() });
export const skipParked = z.strictObject({ reason: z.string().trim().min(1).max(2_000) });
export const retryAllParked = z.strictObject({ throughRevision: revision });
