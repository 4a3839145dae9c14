import { z } from 'zod';
import { instant, type RecordedEvent, revision } from '#events';

export const auditAnswer = z
  .strictObject({
    recordedAt: instant,
    actor: z.string().describe('owner:<accountId>, operator:<tokenId>, miner:<minerId>, process:<name>, ...'),
    type: z.string(),
    stream: z.string(),
    revision,
    eventId: z.string(),
    correlationId: z.string().describe('The same through everything that one request set off'),
    position: z.string(),
  })
  .meta({ id: 'AuditedAction' });

/** One action: who did what to which stream, when. Its content is in the stream. */
export const auditView = ({
  recordedAt,
  actor,
  type,
  stream,
  revision,
  ...ids
}: RecordedEvent): z.input<typeof auditAnswer> => {
  const { eventId, correlationId, position } = ids;
  return { recordedAt, actor, type, stream, revision: revision.toString(), eventId, correlationId, position };
};
