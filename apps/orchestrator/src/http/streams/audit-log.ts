import { type EventStore, type RecordedEvent, readPageEventsMax, type StreamName } from '#events';
import { type AuditKind, type AuditSpan, minuteOf } from '../../projections/audit.projection.ts';
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
  const place = after === null ? null : placeIn(after);
  let scanned = 0;
  let before: Cursor | null = null;
  for (const span of spansOf(source, filter, place)) {
    const from = span.minute === place?.minute && span.part === place.part ? place.event : null;
    const part = await readSpan(source, span, matches, { order: filter.order, from, limit: limit + 1 - found.length });
    scanned += part.scanned;
    found.push(...part.found);
    if (found.length > limit) {
      const last = found[limit - 1];
      // One that is of the span before is its last: this span is looked at whole, then.
      const at = last === undefined || !part.found.includes(last) ? before : cursorIn(span, placeOf(last));
      return { rows: found.slice(0, limit), next: at };
    }
    before = cursorIn(span, wholeSpan);
    if (scanned >= auditScanEventsMax) return { rows: found, next: before };
  }
  return { rows: found, next: null };
};

/** Place of a cursor that stands at the end of its span. */
const wholeSpan = 'end';

const placeOf = ({ stream, revision }: RecordedEvent): string => `${stream}-${revision}`;

type Place = Pick<AuditSpan, 'minute' | 'part'> & { readonly event: string };

const cursorIn = ({ minute, part }: AuditSpan, event: string): Cursor => [minute, `${part}-${event}`];

const placeIn = ([minute, text]: Cursor): Place => {
  const [, part = '0', event = text] = /^(\d+)-(.+)$/.exec(text) ?? [];
  return { minute, part: Number(part), event };
};

/** The most selective key that is asked for; the rest is looked at event by event. */
const keyOf = ({ accountId, actor, type }: AuditFilter): { readonly kind: AuditKind; readonly key: string } => {
  if (accountId !== null) return { kind: 'account', key: accountId };
  if (actor !== null) return { kind: 'actor', key: actor };
  return type === null ? { kind: 'all', key: '' } : { kind: 'type', key: type };
};

function* spansOf({ rows }: Source, filter: AuditFilter, after: Place | null): Generator<AuditSpan> {
  const { since, until, order } = filter;
  const [from, to] = [since === null ? '' : minuteOf(since), until === null ? '9' : minuteOf(until)];
  let past = after === null ? null : justBefore(after, order);
  for (;;) {
    const spans = rows.auditSpans({ ...keyOf(filter), from, to, order, past }, auditSpansAtOnce);
    yield* spans;
    const last = spans.at(-1);
    if (last === undefined || spans.length < auditSpansAtOnce) return;
    past = last;
  }
}

/** The span that a cursor stands in comes once more, unless it was looked at whole. */
const justBefore = ({ minute, part, event }: Place, order: AuditOrder): Pick<AuditSpan, 'minute' | 'part'> => ({
  minute,
  part: event === wholeSpan ? part : order === 'oldest-first' ? part - 1 : part + 1,
});

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
