import { randomUUID } from 'node:crypto';
import {
  type BareEvent,
  type EventId,
  type EventStore,
  type JsonObject,
  type NewEvent,
  type RecordedEvent,
  streamName,
} from '#events';

/** A stream nobody has used. */
export const freshStream = () => streamName('vm', randomUUID());

/** An event to append; what is not given is plain. */
export const newEvent = (over: Partial<Omit<NewEvent, 'eventId'>> & { readonly eventId?: string } = {}): NewEvent => ({
  type: 'VmRequested',
  version: 1,
  data: { name: 'web' },
  recordedAt: '2026-11-21T08:00:00.000Z',
  actor: 'owner:alice',
  correlationId: 'request-1',
  causationId: 'command-1',
  traceparent: null,
  ...over,
  eventId: (over.eventId ?? randomUUID()) as EventId,
});

/** Some events, told apart by `data.n`. */
export const newEvents = (count: number, data: JsonObject = {}): readonly NewEvent[] =>
  Array.from({ length: count }, (_, n) => newEvent({ data: { ...data, n } }));

/** What was appended, out of what is read back. */
export const asAppended = (event: RecordedEvent): NewEvent => {
  const {
    stream: _stream,
    revision: _revision,
    position: _position,
    prevHash: _prevHash,
    hash: _hash,
    ...rest
  } = event;
  return rest;
};

/** Everything a store holds, page by page. */
export const readEverything = async (store: EventStore, limit?: number): Promise<readonly RecordedEvent[]> => {
  const events: RecordedEvent[] = [];
  let page = await store.readAll(limit === undefined ? {} : { limit });
  for (;;) {
    events.push(...page.events);
    if (page.end) return events;
    page = await store.readAll({ after: page.next, ...(limit === undefined ? {} : { limit }) });
  }
};

/** The first events of a subscription; its iterator is closed then. */
export const take = async (events: AsyncIterable<RecordedEvent>, count: number): Promise<readonly RecordedEvent[]> => {
  const taken: RecordedEvent[] = [];
  if (count === 0) return taken;
  for await (const event of events) {
    taken.push(event);
    if (taken.length === count) break;
  }
  return taken;
};

/** What a bare event has, of one that may be whole. */
export const asBare = ({
  eventId,
  type,
  version,
  data,
  recordedAt,
  actor,
  stream,
  revision,
  position,
}: BareEvent): BareEvent => ({
  ...{ eventId, type, version, data, recordedAt, actor, stream, revision, position },
});
