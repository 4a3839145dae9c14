import { z } from 'zod';
import { instant, revision } from '#events';
import type { RowAt } from '../../projections/row-at.ts';
import type { Moment } from '../past.ts';
import { staleAnswer } from '../views/stale.view.ts';
import { atLeast } from './door.ts';

export const at = z
  .string()
  .min(1)
  .max(200)
  .describe(
    'Read what was: a time with its zone, or a position. A time is the last position before the first later event',
  );

/** What a list of the past is asked with beside what every list is. */
export const listAt = { at: at.optional() };

/** Query of a read of one thing: now, or as it was. */
export const readAtQuery = z.strictObject({ ...atLeast, at: at.optional() });

/** Query of a read that goes to the stream itself, so that it is never behind. */
export const atQuery = z.strictObject({ at: at.optional() });

/** What a read of the past is refused with, beside what the thing's own read is. */
export const momentRefusals = ['at-before-beginning', 'at-in-the-future', 'at-unreadable', 'foreign-position'] as const;

/** Said of what was, and absent from what is. */
export const asOf = z
  .strictObject({
    at: z.string().describe('As it was asked for'),
    position: z.string().describe('Where the log stood then'),
    revision: revision.describe('The last event that counts, in the stream of the thing'),
    recordedAt: instant.describe('When that event was recorded'),
  })
  .meta({ id: 'AsOf' });

/** What every part of a row is answered with beside the part: set when the row is not followed, and when it is of the past. */
export const partOfRow = { stale: staleAnswer.nullable(), asOf: asOf.optional() };

/** Answer of a short list in a row, always whole: now, or as it was. */
export const allOfRow = <Item extends z.ZodType>(item: Item) => z.strictObject({ items: z.array(item), ...partOfRow });

export const asOfView = ({ at, position }: Moment, { last }: RowAt<unknown>): z.input<typeof asOf> => ({
  ...{ at, position, revision: last.revision.toString(), recordedAt: last.recordedAt },
});
