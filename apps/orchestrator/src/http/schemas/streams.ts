import { z } from 'zod';
import { categories, parseStreamName, readPageEventsMax, revision, type StreamName } from '#events';
import { streamPageEvents } from '../limits.ts';
import { atLeast, numberFrom } from './door.ts';
import { listQuery } from './lists.ts';

const stream = z.string().transform((text, context): StreamName => {
  const name = parseStreamName(text);
  if (name !== null) return name;
  context.addIssue({
    code: 'custom',
    message: `expected a stream name such as vm-<id>; categories: ${categories.join(', ')}`,
  });
  return z.NEVER;
});
const category = z.enum(categories);

export const streamPath = z.strictObject({ stream });
export const streamList = z.strictObject({ ...listQuery, category: category.optional() });
export const streamPage = z.strictObject({
  ...atLeast,
  from: revision.optional(),
  limit: numberFrom(1, readPageEventsMax, streamPageEvents),
});
export const followStream = z.strictObject({ from: revision.optional() });
export const followAll = z.strictObject({ after: z.string().max(200).optional(), category: category.optional() });
/** Categories, separated by commas. */
const categoryList = z
  .string()
  .max(200)
  .transform((text) => text.split(','))
  .pipe(z.array(category).min(1));
export const eventPage = z.strictObject({
  after: z.string().max(200).optional(),
  until: z.string().max(200).optional(),
  category: categoryList.optional(),
  limit: numberFrom(1, readPageEventsMax, readPageEventsMax),
});
// Of all the headers of a request, the one that these routes read.
export const afterRevision = z.object({ 'last-event-id': revision.optional() });
export const afterPosition = z.object({ 'last-event-id': z.string().max(200).optional() });
