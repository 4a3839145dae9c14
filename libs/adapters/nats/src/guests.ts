import type { Msg, NatsConnection } from '@nats-io/transport-node';
import {
  type Clock,
  decodeMessage,
  encodeMessage,
  type GuestBus,
  type GuestHandlers,
  GuestRefused,
  type GuestRequest,
  type GuestRequests,
  guestRequestBytesMax,
  guestRequests,
  type Stop,
  subjects,
} from '#events';
import { answered, refusal } from './answered.ts';
import { textOf } from './errors.ts';
import { requestTimeoutMs } from './limits.ts';
import type { Link } from './link.ts';
import { unavailable } from './retry.ts';
import { serveRequests } from './serve-requests.ts';
import type { BusLog } from './status.ts';

/** What a miner asks for its guests, on its own connection. */
export const guestBus = (nc: NatsConnection, minerId: string): GuestBus => ({
  ask: async (what, message) => {
    const subject = subjects.guest(minerId, what);
    const { ask, answer } = guestRequests[what];
    const bytes = await requested(nc, subject, encodeMessage<unknown>(ask, message));
    const decoded = decodeMessage(answered<GuestRequests[typeof what]['answer']>(answer), bytes, guestRequestBytesMax);
    if (!decoded.ok) throw unavailable(subject, `the answer of the orchestrator is not one: ${decoded.reason}`);
    if (decoded.value.ok) return decoded.value.value;
    throw new GuestRefused(decoded.value.code, decoded.value.reason, decoded.value.retryInMs);
  },
});

const requested = async (nc: NatsConnection, subject: string, request: Uint8Array): Promise<Uint8Array> => {
  try {
    return (await nc.request(subject, request, { timeout: requestTimeoutMs })).data;
  } catch (error) {
    throw unavailable(subject, `no orchestrator answered (${textOf(error)})`, error);
  }
};

/** Answers what guests ask; one orchestrator of several takes each request. */
export const serveGuests = (
  link: Link,
  handlers: GuestHandlers,
  { clock, log }: { readonly clock: Clock; readonly log: BusLog },
): Promise<Stop> => {
  const answerTo = async <What extends GuestRequest>(
    what: What,
    minerId: string,
    message: Msg,
  ): Promise<Uint8Array> => {
    const { ask, answer } = guestRequests[what];
    const envelope = answered<unknown>(answer);
    try {
      const decoded = decodeMessage<GuestRequests[What]['ask']>(ask, message.data, guestRequestBytesMax);
      if (!decoded.ok) {
        return encodeMessage(envelope, refusal('malformed', `guest.<miner>.${what}: ${decoded.reason}`, null));
      }
      return encodeMessage(envelope, { ok: true, value: await handlers[what](minerId, decoded.value) });
    } catch (error) {
      if (error instanceof GuestRefused) {
        return encodeMessage(envelope, refusal(error.code, error.message, error.retryInMs));
      }
      log('error', 'request of a guest failed', { what, minerId, reason: textOf(error) });
      return encodeMessage(envelope, refusal('unavailable', 'the orchestrator could not do it now', retryMs));
    }
  };

  return serveRequests(
    link,
    { clock, log },
    (['release', 'confirm'] as const).map((what) => ({
      subject: subjects.allGuestsOf(what),
      queue: 'orchestrator',
      answer: (minerId, message) => answerTo(what, minerId, message),
    })),
  );
};

/** An orchestrator that could not answer is worth asking again after this. */
const retryMs = 1_000;
