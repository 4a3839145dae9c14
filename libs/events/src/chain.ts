import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { NewEvent, RecordedEvent, StreamName } from './envelope.ts';

/** `prevHash` of a stream's first event. */
export const genesisHash = '0'.repeat(64);

/** The link of one event: SHA-256 over RFC 8785 of the envelope without `hash` and `position`, as 64 hex digits. */
export const eventHash = (event: NewEvent, stream: StreamName, revision: bigint, prevHash: string): string => {
  const { eventId, type, version, data, recordedAt, actor, correlationId, causationId, traceparent } = event;
  const envelope = {
    eventId,
    type,
    version,
    stream,
    revision: revision.toString(),
    data,
    recordedAt,
    actor,
    correlationId,
    causationId,
    traceparent,
    prevHash,
  };
  const text = canonicalize(envelope);
  if (text === undefined) throw new Error(`BUG: event ${eventId} has no canonical form`);
  return hash('sha256', text);
};

/** An event whose data is already canonical text: what a store writes down. */
export type AdmittedEvent = Omit<NewEvent, 'data'> & { readonly dataText: string };

/** {@link eventHash} of an admitted event, without parsing its data: the text as stored is what is hashed. */
export const linkHash = (
  event: AdmittedEvent,
  stream: StreamName,
  revision: bigint | number,
  prevHash: string,
): string => {
  const { actor, causationId, correlationId, dataText, eventId, recordedAt, traceparent, type, version } = event;
  const text = (value: string | number | null): string => JSON.stringify(value);
  // RFC 8785 sorts the keys; for these values its form is that of JSON.stringify.
  const canonical =
    `{"actor":${text(actor)},"causationId":${text(causationId)},"correlationId":${text(correlationId)},` +
    `"data":${dataText},"eventId":${text(eventId)},"prevHash":${text(prevHash)},"recordedAt":${text(recordedAt)},` +
    `"revision":"${revision}","stream":${text(stream)},"traceparent":${text(traceparent)},"type":${text(type)},` +
    `"version":${text(version)}}`;
  return hash('sha256', canonical);
};

export type ChainFault = {
  readonly stream: StreamName;
  readonly revision: bigint;
  readonly eventId: string;
  /** `position`: the log skips before this event, so one was removed or moved. `moved`: it is this one that was. */
  readonly fault: 'hash' | 'prev-hash' | 'revision' | 'position' | 'moved';
};

/** The first event of a stream's tail whose hash, link or revision is not what its content says; `null` when all agree. */
export const findChainFault = (
  events: Iterable<RecordedEvent>,
  from: { readonly revision: bigint; readonly prevHash: string } = { revision: 0n, prevHash: genesisHash },
): ChainFault | null => {
  let { revision, prevHash } = from;
  for (const event of events) {
    const at = { stream: event.stream, revision: event.revision, eventId: event.eventId };
    if (event.revision !== revision) return { ...at, fault: 'revision' };
    if (event.prevHash !== prevHash) return { ...at, fault: 'prev-hash' };
    if (eventHash(event, event.stream, event.revision, event.prevHash) !== event.hash) return { ...at, fault: 'hash' };
    prevHash = event.hash;
    revision += 1n;
  }
  return null;
};
