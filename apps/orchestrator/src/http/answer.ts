import { z } from 'zod';
import { type Outcome, revision } from '#events';
import type { HttpReply } from './request.ts';
import { json } from './route.ts';

export const acceptedAnswer = z
  .strictObject({
    stream: z.string(),
    revision: revision.nullable().describe("The stream's last revision; null while it has no event"),
    position: z.string().nullable().describe('Send it as atLeast to read what this has written'),
    events: z
      .array(z.string())
      .readonly()
      .describe('Types of the events that were recorded; none when it was so already'),
  })
  .meta({ id: 'Accepted' });

/** The answer of every command: 202 when it was recorded, 200 when it was so already. */
export const commandAnswer = json(acceptedAnswer, [202, 200]);

/** Answers a command: 202 when it was recorded, 200 when it was so already, and where to read on. */
export const accepted = (
  reply: HttpReply,
  { stream, appended, events }: Outcome,
  location: string,
): z.input<typeof acceptedAnswer> => {
  reply.status(events.length === 0 ? 200 : 202).header('location', location);
  return {
    stream,
    revision: appended?.revision.toString() ?? null,
    position: appended?.position ?? null,
    events,
  };
};
