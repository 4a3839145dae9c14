import type { Outcome } from '#events';
import type { HttpReply } from './request.ts';

/** Answers a command: 202 when it was recorded, 200 when it was so already, and where to read on. */
export const accepted = (reply: HttpReply, { stream, appended, events }: Outcome, location: string) => {
  reply.status(events.length === 0 ? 200 : 202).header('location', location);
  return {
    stream,
    revision: appended?.revision.toString() ?? null,
    position: appended?.position ?? null,
    events,
  };
};
