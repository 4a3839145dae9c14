import { JetStreamApiError } from '@nats-io/jetstream';
import { createInbox, errors, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import type { UnixMs } from '#domain';
import type { Clock } from '#events';
import { publishTimeoutMs } from './limits.ts';
import { type ServiceRole, serviceInbox } from './user-jwt.ts';

/**
 * Publishes one message to JetStream; resolves when a stream has it. Rejects with the client's own errors: a refusal of
 * JetStream's, nobody there, a subject we may not use, or no word within {@link publishTimeoutMs}.
 */
export type AckedPublish = (subject: string, body: Uint8Array, headers: MsgHdrs) => Promise<void>;

type Waiting = {
  readonly subject: string;
  readonly until: UnixMs;
  readonly settle: (error: Error | null) => void;
};

/**
 * Publishes whose acknowledgements come to one subscription and whose time is kept by one timer. The client's own request
 * makes an error with its stack for each one that succeeds, which costs as much as the message.
 */
export const createAckedPublish = (
  nc: NatsConnection,
  role: ServiceRole,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): AckedPublish => {
  const inbox = createInbox(serviceInbox(role));
  /** By the end of their reply subject, the oldest first. */
  const waiting = new Map<string, Waiting>();
  let sent = 0;
  let isTiming = false;

  const settle = (token: string, error: Error | null): void => {
    const found = waiting.get(token);
    waiting.delete(token);
    found?.settle(error);
  };
  nc.subscribe(`${inbox}.*`, {
    callback: (error, message) => {
      if (error === null) settle(message.subject.slice(inbox.length + 1), refusalIn(message));
    },
  });
  const watchRefusals = async (): Promise<void> => {
    for await (const status of nc.status()) {
      const error = status.type === 'error' ? status.error : null;
      if (!(error instanceof errors.PermissionViolationError) || error.operation !== 'publish') continue;
      for (const [token, { subject }] of waiting) if (subject === error.subject) settle(token, error);
    }
  };
  void watchRefusals();
  const time = async (): Promise<void> => {
    if (isTiming) return;
    isTiming = true;
    while (waiting.size > 0) {
      await clock.sleep(publishTimeoutMs / 4, signal);
      const now = signal.aborted ? Number.POSITIVE_INFINITY : clock.now();
      for (const [token, { until }] of waiting) {
        if (until > now) break;
        settle(token, new errors.TimeoutError());
      }
    }
    isTiming = false;
  };

  return (subject, body, headers) =>
    new Promise((resolve, reject) => {
      sent += 1;
      const token = sent.toString(36);
      nc.publish(subject, body, { headers, reply: `${inbox}.${token}` });
      const until = clock.now() + publishTimeoutMs;
      waiting.set(token, { subject, until, settle: (error) => (error === null ? resolve() : reject(error)) });
      void time();
    });
};

const noResponders = 503;

/** What an answer says against a publish; `null` when it is an acknowledgement. */
const refusalIn = (message: Msg): Error | null => {
  if (message.headers?.code === noResponders) return new errors.NoRespondersError(message.subject);
  const text = message.string();
  if (TAKEN.test(text)) return null;
  const read = answer.safeParse(jsonOf(text));
  if (read.success && read.data.error !== undefined) return new JetStreamApiError(read.data.error);
  if (read.success && read.data.stream !== undefined) return null;
  return new errors.ProtocolError('a publish was answered with neither the stream that has it nor an error');
};

/** As nats-server writes it for each message that a stream has taken. Whatever else it may say is read as JSON. */
const TAKEN = /^\{"stream":"[A-Za-z0-9_-]+", ?"seq":\d+\}$/;

const answer = z.object({
  stream: z.string().min(1).optional(),
  error: z.object({ code: z.int(), err_code: z.int(), description: z.string() }).optional(),
});

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
