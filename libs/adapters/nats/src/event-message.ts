import type { JetStreamManager } from '@nats-io/jetstream';
import { headers, type MsgHdrs } from '@nats-io/transport-node';
import { z } from 'zod';
import { type Clock, categoryOf, jetstreamStreams, type PublishedSpan, type RecordedEvent, subjects } from '#events';
import type { AckedPublish } from './acked-publish.ts';
import { publishBudgetMs, publishInFlightMax, requestTimeoutMs } from './limits.ts';
import { withPatience } from './retry.ts';
import { isNotFound } from './topology.ts';

/** A stored event as it is published: CloudEvents 1.0 attributes as headers, the whole envelope as JSON. */
export const eventMessage = (
  event: RecordedEvent,
): { readonly subject: string; readonly headers: MsgHdrs; readonly body: string } => {
  const attributes = headers();
  // The same at every attempt: an acknowledgement that was lost makes no second copy.
  attributes.set('Nats-Msg-Id', event.eventId);
  attributes.set('ce-specversion', '1.0');
  attributes.set('ce-id', event.eventId);
  attributes.set('ce-type', `hcc.${categoryOf(event.stream)}.${event.type}`);
  attributes.set('ce-source', `hcc/${categoryOf(event.stream)}`);
  attributes.set('ce-subject', event.stream);
  attributes.set('ce-time', event.recordedAt);
  attributes.set('content-type', 'application/json');
  if (event.traceparent !== null) attributes.set('traceparent', event.traceparent);
  return {
    subject: subjects.event(event),
    headers: attributes,
    body: JSON.stringify({ ...event, revision: event.revision.toString() }),
  };
};

/** Publishes events in order, many in flight; resolves when all are acknowledged, and stops sending at the first that is given up. */
export const publishAll = async (
  publish: AckedPublish,
  events: readonly RecordedEvent[],
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> => {
  const inFlight = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | null = null;
  const publishOne = async (event: RecordedEvent): Promise<void> => {
    const { subject, headers: attributes, body } = eventMessage(event);
    const what = `publish event ${event.eventId} to ${subject}`;
    await withPatience({ clock, signal, budgetMs: publishBudgetMs, what }, () => publish(subject, body, attributes));
  };
  for (const event of events) {
    if (inFlight.size >= publishInFlightMax) await Promise.race(inFlight);
    if (failure !== null) break;
    const publishing: Promise<void> = publishOne(event)
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => inFlight.delete(publishing));
    inFlight.add(publishing);
  }
  await Promise.all(inFlight);
  rethrow(failure);
};

/** The ends of EVENTS; `null` when it is empty, or not there yet. */
export const publishedSpan = async (
  jsm: JetStreamManager,
  waiting: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<PublishedSpan | null> => {
  const stream = jetstreamStreams.events;
  const what = `read the ends of ${stream}`;
  return withPatience({ ...waiting, budgetMs: requestTimeoutMs, what }, async () => {
    try {
      const { state } = await jsm.streams.info(stream);
      if (state.messages === 0) return null;
      const oldest = positionOf(await jsm.streams.getMessage(stream, { seq: state.first_seq }));
      const newest = positionOf(await jsm.streams.getMessage(stream, { seq: state.last_seq }));
      return oldest === null || newest === null ? null : { oldest, newest, isTrimmed: state.first_seq > 1 };
    } catch (error) {
      if (isNotFound(error)) return null;
      throw error;
    }
  });
};

/** Only we write to EVENTS; what is not ours is taken for nothing, and published over. */
const positionOf = (message: { readonly data: Uint8Array } | null): string | null => {
  const read = published.safeParse(jsonOf(message?.data ?? new Uint8Array()));
  return read.success ? read.data.position : null;
};

const published = z.looseObject({ position: z.string().max(200) });

const jsonOf = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
};

const rethrow = (failure: { readonly error: unknown } | null): void => {
  if (failure !== null) throw failure.error;
};
