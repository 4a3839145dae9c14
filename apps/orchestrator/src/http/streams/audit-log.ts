import { type EventStore, type RecordedEvent, readPageEventsMax, type StreamName } from '#events';
import type { AuditKind, AuditSpan } from '../../projections/audit.projection.ts';
import { minuteOf } from '../../projections/audit.projection.ts';
import type { AuditOrder } from '../../projections/audit-rows.ts';
import type { Cursor, List, ListOptions, Rows } from '../../projections/rows.ts';
import { auditScanEventsMax, auditSpansAtOnce } from '../limits.ts';

export type AuditFilter = {
  /** Whose streams; `null` for all streams there are. */
  readonly accountId: string | null;
  readonly actor: string | null;
  readonly type: string | null;
  /** Stored form of an instant, both ends included. */
  readonly since: string | null;
  readonly until: string | null;
  readonly order: AuditOrder;
};

type Source = {
  readonly store: Pick<EventStore, 'readAll' | 'readStream' | 'comparePositions'>;
  readonly rows: Pick<Rows, 'auditSpans' | 'vmOwner'>;
};

/**
 * Actions by minute, and within a minute in the order of the log. The read model knows in which minutes there is
 * something to find, and where in the log they lie; the events are read there. A question that finds little in much
 * answers a short page with a `next`, so that no answer reads more than {@link auditScanEventsMax} by much.
 */
export const readAudit = async (
  source: Source,
  filter: AuditFilter,
  { after, limit }: ListOptions,
): Promise<List<RecordedEvent>> => {
  const found: RecordedEvent[] = [];
  const matches = matcher(source, filter);
  const isDone = after?.[1] === wholeMinute;
  let scanned = 0;
  for (const span of spansOf(source, filter, after)) {
    if (isDone && span.minute === after?.[0]) continue;
    const from = span.minute === after?.[0] ? after[1] : null;
    const part = await readSpan(source, span, matches, { order: filter.order, from, limit: limit + 1 - found.length });
    scanned += part.scanned;
    found.push(...part.found);
    if (found.length > limit) return { rows: found.slice(0, limit), next: cursorOf(found[limit - 1]) };
    if (scanned >= auditScanEventsMax) return { rows: found, next: [span.minute, wholeMinute] };
  }
  return { rows: found, next: null };
};

/** Place of a cursor that stands at the end of its minute. */
const wholeMinute = 'end';

const placeOf = ({ stream, revision }: RecordedEvent): string => `${stream}-${revision}`;

const cursorOf = (event: RecordedEvent | undefined): Cursor | null =>
  event === undefined ? null : [minuteOf(event.recordedAt), placeOf(event)];

/** The most selective key that is asked for; the rest is looked at event by event. */
const keyOf = ({ accountId, actor, type }: AuditFilter): { readonly kind: AuditKind; readonly key: string } => {
  if (accountId !== null) return { kind: 'account', key: accountId };
  if (actor !== null) return { kind: 'actor', key: actor };
  return type === null ? { kind: 'all', key: '' } : { kind: 'type', key: type };
};

function* spansOf({ rows }: Source, filter: AuditFilter, after: Cursor | null): Generator<AuditSpan> {
  const { since, until, order } = filter;
  const isForward = order === 'oldest-first';
  let from = since === null ? '' : minuteOf(since);
  let to = until === null ? '9' : minuteOf(until);
  if (after !== null && isForward && after[0] > from) from = after[0];
  if (after !== null && !isForward && after[0] < to) to = after[0];
  for (;;) {
    const spans = rows.auditSpans({ ...keyOf(filter), from, to, order }, auditSpansAtOnce);
    yield* spans;
    const last = spans.at(-1);
    if (last === undefined || spans.length < auditSpansAtOnce) return;
    // The next minute after, or before, this one as text.
    if (isForward) from = `${last.minute}~`;
    else
      to = last.minute
        .slice(0, -1)
        .concat(String.fromCharCode(last.minute.charCodeAt(last.minute.length - 1) - 1), '~');
  }
}

type Wanted = { readonly order: AuditOrder; readonly from: string | null; readonly limit: number };

const readSpan = async (
  { store }: Source,
  span: AuditSpan,
  matches: (event: RecordedEvent) => boolean,
  { order, from, limit }: Wanted,
): Promise<{ readonly found: readonly RecordedEvent[]; readonly scanned: number }> => {
  const found: RecordedEvent[] = [];
  const isForward = order === 'oldest-first';
  let isPast = !isForward || from === null;
  let scanned = 0;
  for await (const event of eventsOf(store, span)) {
    scanned += 1;
    const isPlace = placeOf(event) === from;
    if (isPlace && !isForward) break;
    if (isPast && minuteOf(event.recordedAt) === span.minute && matches(event)) found.push(event);
    if (isPlace) isPast = true;
    if (isForward && found.length >= limit) break;
    // Of the newest only the last are wanted: the others must not be held.
    if (!isForward && found.length > limit) found.shift();
  }
  return { found: isForward ? found : found.reverse(), scanned };
};

/** What lies in the log from the first to the last event of a span. */
async function* eventsOf(store: Source['store'], span: AuditSpan): AsyncGenerator<RecordedEvent> {
  const { firstStream, firstRevision, firstPosition, lastPosition } = span;
  yield* await store.readStream(firstStream as StreamName, { from: BigInt(firstRevision), limit: 1 });
  for (let after = firstPosition; ; ) {
    const page = await store.readAll({ after, limit: readPageEventsMax });
    for (const event of page.events) {
      if (store.comparePositions(event.position, lastPosition) > 0) return;
      yield event;
    }
    if (page.end || page.next === null) return;
    after = page.next;
  }
}

const matcher = ({ rows }: Source, filter: AuditFilter): ((event: RecordedEvent) => boolean) => {
  const { accountId, actor, type, since, until } = filter;
  const owners = new Map<string, string | null>();
  const ownerOf = (stream: string): string | null => {
    if (stream.startsWith('account-')) return stream.slice('account-'.length);
    if (!stream.startsWith('vm-')) return null;
    const known = owners.get(stream);
    const owner = known === undefined ? rows.vmOwner(stream.slice('vm-'.length)) : known;
    owners.set(stream, owner);
    return owner;
  };
  return (event) =>
    (actor === null || event.actor === actor) &&
    (type === null || event.type === type) &&
    (since === null || event.recordedAt >= since) &&
    (until === null || event.recordedAt <= until) &&
    (accountId === null || ownerOf(event.stream) === accountId);
};
