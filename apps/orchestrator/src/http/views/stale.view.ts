import { z } from 'zod';
import { instant, isoTime, revision, type Standing } from '#events';

/** Set on what is shown while this server cannot follow the stream behind it. */
export const staleAnswer = z
  .strictObject({
    since: instant.describe(
      'When this server first could not follow the stream; of what was: when the event was recorded',
    ),
    eventId: z.string(),
    eventType: z.string(),
    revision: revision.describe('The event that is not shown, nor anything after it'),
    reason: z.string(),
  })
  .meta({ id: 'Stale' });

export type Stale = z.input<typeof staleAnswer>;
export type StaleView = Stale | null;

/** Since when and why something is not what its stream says; `null` when it is. */
export const staleView = (standing: Standing | null): StaleView => {
  if (standing === null) return null;
  const { firstSeenAt, eventId, eventType, revision, reason } = standing;
  return { since: isoTime(firstSeenAt), eventId, eventType, revision: revision.toString(), reason };
};
