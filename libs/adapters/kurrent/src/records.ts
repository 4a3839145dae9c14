import type { EventData, ResolvedEvent } from '@kurrent/kurrentdb-client';
import { z } from 'zod';
import {
  type Actor,
  type AdmittedEvent,
  type EventId,
  type JsonObject,
  linkHash,
  type Positions,
  type RecordedEvent,
  type StreamName,
} from '#events';
import { storeFault } from './faults.ts';
import type { Link } from './link.ts';

/** Our envelope as KurrentDB's metadata of an event: a stored format. `$correlationId` and `$causationId` are its own names. */
const envelope = z.object({
  eventId: z.string(),
  version: z.number(),
  recordedAt: z.string(),
  actor: z.string(),
  $correlationId: z.string(),
  $causationId: z.string(),
  traceparent: z.string().nullable(),
  prevHash: z.string(),
  hash: z.string(),
});

/** Where a stream's chain is: its last revision, -1 for none, and that event's hash. */
export type ChainEnd = { readonly revision: bigint; readonly hash: string };

/** Events of one append, chained to what is before them. */
export type Chained = {
  readonly wire: readonly EventData[];
  readonly links: readonly ChainLink[];
};

export type ChainLink = ChainEnd & { readonly prevHash: string; readonly eventId: string };

/**
 * Links admitted events to a stream's end. Each gets the server's id from its hash, so that the server's own check of a
 * repeat, which looks at ids only, takes two events for the same exactly when content and place are.
 */
export const chain = (stream: StreamName, events: readonly AdmittedEvent[], end: ChainEnd): Chained => {
  const wire: EventData[] = [];
  const links: ChainLink[] = [];
  let { revision, hash } = end;
  for (const event of events) {
    const prevHash = hash;
    revision += 1n;
    hash = linkHash(event, stream, revision, prevHash);
    links.push({ revision, hash, prevHash, eventId: event.eventId });
    wire.push(toWire(event, prevHash, hash));
  }
  return { wire, links };
};

const toWire = (event: AdmittedEvent, prevHash: string, hash: string): EventData => ({
  id: wireIdOf(hash),
  contentType: 'application/json',
  type: event.type,
  data: JSON.parse(event.dataText),
  metadata: {
    eventId: event.eventId,
    version: event.version,
    recordedAt: event.recordedAt,
    actor: event.actor,
    $correlationId: event.correlationId,
    $causationId: event.causationId,
    traceparent: event.traceparent,
    prevHash,
    hash,
  } satisfies z.infer<typeof envelope>,
});

/** A UUID (version 8) of the first 122 bits of a hash. */
const wireIdOf = (hash: string): string => {
  const variant = ((Number.parseInt(hash.charAt(16), 16) & 0x3) | 0x8).toString(16);
  const at = [hash.slice(0, 8), hash.slice(8, 12), `8${hash.slice(13, 16)}`, `${variant}${hash.slice(17, 20)}`];
  return [...at, hash.slice(20, 32)].join('-');
};

/** An event of the server as the port gives it out. Throws StoreUnavailable when it is not one we wrote. */
export const toRecorded = ({ shown, prefix }: Link, positions: Positions, { event }: ResolvedEvent): RecordedEvent => {
  const at = `event ${event?.revision} of ${event?.streamId}`;
  const parsed = envelope.safeParse(event?.metadata);
  if (event === undefined || !parsed.success || !isObject(event.data)) {
    throw storeFault(shown, 'corrupt', `${at} was not written by this program`);
  }
  const { position } = event;
  if (position === undefined || position.commit !== position.prepare) {
    throw storeFault(shown, 'not-a-store', `${at} came with the position ${position?.commit}/${position?.prepare}`);
  }
  const { eventId, actor, $correlationId, $causationId, ...rest } = parsed.data;
  return {
    ...rest,
    eventId: eventId as EventId,
    actor: actor as Actor,
    correlationId: $correlationId,
    causationId: $causationId,
    type: event.type,
    data: event.data,
    stream: event.streamId.slice(prefix.length) as StreamName,
    revision: event.revision,
    position: positions.of(Number(position.commit)),
  };
};

const isObject = (data: unknown): data is JsonObject =>
  typeof data === 'object' && data !== null && !Array.isArray(data) && !(data instanceof Uint8Array);
