import { once } from 'node:events';
import { DoorProblem } from '#edge';
import type { Clock, RecordedEvent } from '#events';
import { followersMax, heartbeatMs } from './limits.ts';
import type { HttpReply } from './request.ts';
import { eventView } from './views/event.view.ts';

/** Open event streams. Each ends with its connection, and all of them when the door closes. */
export type Followers = {
  /** Sends what `events` yields as server-sent events until the client goes away. Refuses beyond the limit. */
  follow(
    reply: HttpReply,
    events: (signal: AbortSignal) => AsyncIterable<RecordedEvent>,
    idOf: (event: RecordedEvent) => string,
  ): Promise<void>;
  close(): Promise<void>;
};

export const createFollowers = (clock: Clock): Followers => {
  const open = new Map<AbortController, Promise<void>>();
  let closed = false;

  const follow: Followers['follow'] = async (reply, events, idOf) => {
    if (closed) throw new DoorProblem('shutting-down', 'the server is stopping; connect again in a moment');
    if (open.size >= followersMax) {
      throw new DoorProblem(
        'shutting-down',
        `${open.size} event streams are open, the most there may be; try again later`,
      );
    }
    const ending = new AbortController();
    reply.raw.once('close', () => ending.abort());
    const sent = send(events(ending.signal), reply, ending.signal, idOf, clock);
    open.set(ending, sent);
    try {
      await sent;
    } finally {
      ending.abort();
      open.delete(ending);
    }
  };
  return {
    follow,
    close: async () => {
      closed = true;
      for (const ending of open.keys()) ending.abort();
      await Promise.allSettled(open.values());
    },
  };
};

const send = async (
  events: AsyncIterable<RecordedEvent>,
  reply: HttpReply,
  signal: AbortSignal,
  idOf: (event: RecordedEvent) => string,
  clock: Clock,
): Promise<void> => {
  const out = reply.raw;
  // With those that hooks have set: Fastify sends no headers of a reply that was taken over.
  const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' };
  const write = async (text: string): Promise<void> => {
    // A reader that is slower than the log makes us wait, not grow.
    if (!out.write(text) && !signal.aborted) await once(out, 'drain', { signal });
  };
  const beat = async (): Promise<void> => {
    while (!signal.aborted) {
      await clock.sleep(heartbeatMs, signal);
      if (!signal.aborted && !out.writableNeedDrain) out.write(':\n\n');
    }
  };
  reply.hijack();
  out.writeHead(200, { ...reply.getHeaders(), ...headers });
  out.write(':\n\n');
  void beat();
  try {
    for await (const event of events) {
      if (signal.aborted) break;
      await write(`id: ${idOf(event)}\nevent: ${event.type}\ndata: ${JSON.stringify(eventView(event))}\n\n`);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    out.end();
  }
};
