import type { JetStreamManager } from '@nats-io/jetstream';
import { type MsgHdrs, MsgHdrsImpl } from '@nats-io/transport-node';
import { z } from 'zod';
import { type Clock, categoryOf, jetstreamStreams, type PublishedSpan, type RecordedEvent, subjects } from '#events';
import type { AckedPublish } from './acked-publish.ts';
import { publishBudgetMs, publishInFlightMax, requestTimeoutMs } from './limits.ts';
import { withPatience } from './retry.ts';
import { isNotFound } from './topology.ts';

/** A stored event as it is published: CloudEvents 1.0 attributes as headers, the whole envelope as JSON. */
export const eventMessage = (
  event: RecordedEvent,
): { readonly subject: string; readonly headers: MsgHdrs; readonly body: Uint8Array } => {
  return {
    subject: subjects.event(event),
    headers: new Attributes(event, categoryOf(event.stream)),
    body: Buffer.from(textOf(event)),
  };
};

/** Field by field: a copy that changes one of them takes as long as to write the text. */
const textOf = (event: RecordedEvent): string =>
  JSON.stringify({
    eventId: event.eventId,
    type: event.type,
    version: event.version,
    data: event.data,
    recordedAt: event.recordedAt,
    actor: event.actor,
    correlationId: event.correlationId,
    causationId: event.causationId,
    traceparent: event.traceparent,
    stream: event.stream,
    revision: event.revision.toString(),
    position: event.position,
    prevHash: event.prevHash,
    hash: event.hash,
  });

/**
 * The CloudEvents attributes of one event. Written at once: a set of headers of the client's looks through all of its names
 * for each that is set, which for these nine takes longer than all the rest of a publish.
 */
class Attributes extends MsgHdrsImpl {
  readonly #event: RecordedEvent;
  readonly #category: string;

  constructor(event: RecordedEvent, category: string) {
    super();
    this.#event = event;
    this.#category = category;
  }

  override toString(): string {
    const { eventId, type, stream, recordedAt, traceparent } = this.#event;
    if (LINE_BREAK.test(`${eventId}${type}${stream}${recordedAt}${traceparent}`)) {
      throw new Error(`BUG: event ${JSON.stringify(eventId)} has a line break in its envelope`);
    }
    const trace = traceparent === null ? '' : `traceparent: ${traceparent}\r\n`;
    // The same message id at every attempt: an acknowledgement that was lost makes no second copy.
    return (
      `NATS/1.0\r\nNats-Msg-Id: ${eventId}\r\nce-specversion: 1.0\r\nce-id: ${eventId}\r\n` +
      `ce-type: hcc.${this.#category}.${type}\r\nce-source: hcc/${this.#category}\r\nce-subject: ${stream}\r\n` +
      `ce-time: ${recordedAt}\r\ncontent-type: application/json\r\n${trace}\r\n`
    );
  }

  override encode(): Uint8Array {
    return Buffer.from(this.toString());
  }
}

const LINE_BREAK = /[\r\n]/;

/** Publishes events in order, many in flight; resolves when all are acknowledged, and stops sending at the first that is given up. */
export const publishAll = async (
  publish: AckedPublish,
  events: readonly RecordedEvent[],
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> => {
  let inFlight = 0;
  let failure: { readonly error: unknown } | null = null;
  let awaited: { readonly inFlight: number; readonly wake: () => void } | null = null;
  const atMost = async (wanted: number): Promise<void> => {
    if (inFlight <= wanted) return;
    await new Promise<void>((wake) => {
      awaited = { inFlight: wanted, wake };
    });
  };
  const settled = (): void => {
    inFlight -= 1;
    if (awaited === null || inFlight > awaited.inFlight) return;
    awaited.wake();
    awaited = null;
  };
  const failed = (error: unknown): void => {
    failure ??= { error };
    settled();
  };
  for (const event of events) {
    await atMost(publishInFlightMax - 1);
    if (failure !== null) break;
    inFlight += 1;
    publishOne(publish, event, { clock, signal }).then(settled, failed);
  }
  await atMost(0);
  rethrow(failure);
};

const publishOne = async (
  publish: AckedPublish,
  event: RecordedEvent,
  waiting: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> => {
  const { subject, headers, body } = eventMessage(event);
  const what = `publish event ${event.eventId} to ${subject}`;
  await withPatience({ ...waiting, budgetMs: publishBudgetMs, what }, () => publish(subject, body, headers));
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
