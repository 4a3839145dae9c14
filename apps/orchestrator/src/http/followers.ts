import { once } from 'node:events';
import { DoorProblem } from '#edge';
import type { Clock, RecordedEvent } from '#events';
import { actorOf, type Principal } from './auth/principal.ts';
import { followersMax, followersPerAccountMax, heartbeatMs } from './limits.ts';
import type { HttpReply } from './request.ts';
import { eventView } from './views/event.view.ts';

/** Open event streams. Each ends with its connection, and all of them when the door closes. */
export type Followers = {
  /** Sends what `events` yields as server-sent events until the client goes away. Refuses beyond the limits. */
  follow(
    caller: Principal,
    reply: HttpReply,
    events: (signal: AbortSignal) => AsyncIterable<RecordedEvent>,
    idOf: (event: RecordedEvent) => string,
  ): Promise<void>;
  close(): Promise<void>;
};

export const createFollowers = (clock: Clock): Followers => {
  const open = new Map<AbortController, { readonly holder: string; readonly sent: Promise<void> }>();
  let closed = false;

  const demandRoom = (holder: string): void => {
    if (closed) throw new DoorProblem('shutting-down', 'the server is stopping; connect again in a moment');
    const own = [...open.values()].filter((other) => other.holder === holder).length;
    const [observed, wanted, whose] =
      own >= followersPerAccountMax ? [own, followersPerAccountMax, ` of ${holder}`] : [open.size, followersMax, ''];
    if (observed < wanted) return;
    throw new DoorProblem(
      'too-many-followers',
      `${observed} event streams${whose} are open, the most there may be; close one, or try again later`,
      { observed, wanted },
    );
  };

  const follow: Followers['follow'] = async (caller, reply, events, idOf) => {
    const holder = actorOf(caller);
    demandRoom(holder);
    const ending = new AbortController();
    reply.raw.once('close', () => ending.abort());
    const sent = send(events(ending.signal), reply, ending.signal, idOf, clock);
    open.set(ending, { holder, sent });
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
      await Promise.allSettled([...open.values()].map(({ sent }) => sent));
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
