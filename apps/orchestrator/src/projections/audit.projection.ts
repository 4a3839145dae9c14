import type { Database } from 'better-sqlite3';
import type { BareEvent, EventStore, Position } from '#events';
import { heldBackDdl, openHeldBack } from './held-back.ts';
import type { RowWrites } from './row-writes.ts';
import { type StreamCount, uncounted } from './streams.projection.ts';

/** By what actions are found: all of them, or those of one actor, of one type, or on the streams of one account. */
export type AuditKind = 'all' | 'actor' | 'type' | 'account';

/** The events of one minute that one key finds, and where in the log they lie. The events themselves are in the store. */
export type AuditSpan = {
  /** `2026-01-31T12:00`, of when they were recorded. */
  readonly minute: string;
  readonly events: number;
  readonly firstStream: string;
  readonly firstRevision: number;
  readonly firstPosition: Position;
  readonly lastPosition: Position;
};

// Minutes and not events: a row for each event would make the read model as large as the log, and reading it up half as
// fast. What a span says is of the log and not of when it was folded, so a rebuild has the same rows.
const ddl = `CREATE TABLE audit (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  minute TEXT NOT NULL,
  events INTEGER NOT NULL,
  first_stream TEXT NOT NULL,
  first_revision INTEGER NOT NULL,
  first_position TEXT NOT NULL,
  last_position TEXT NOT NULL,
  PRIMARY KEY (kind, key, minute)
) STRICT, WITHOUT ROWID;
${heldBackDdl}`;

export const spanColumns = `minute, events, first_stream AS firstStream, first_revision AS firstRevision,
  first_position AS firstPosition, last_position AS lastPosition`;

export const minuteOf = (recordedAt: string): string => recordedAt.slice(0, 'YYYY-MM-DDTHH:MM'.length);

/** Every event, by whom and when. It decodes nothing: an event that no build can read is found here too, and what is held back behind it. */
export const audit = { name: 'audit', ddl, category: null } as const;

/** How positions of the log follow each other. */
export type PositionOrder = Pick<EventStore, 'comparePositions'>;

/** The spans of a file of rows, those since the last commit in memory. */
export type AuditSpans = {
  /** Adds an event, of an account's stream or of nobody's. `isLatest`: it lies after all that were ever added. */
  note(recorded: BareEvent, accountId: string | null, isLatest: boolean): void;
  /** The same for one that cannot be folded yet, of a stream that was counted so far; it is not added again when it is. */
  holdBack(recorded: BareEvent, count: StreamCount | null, isLatest: boolean): void;
  write(): void;
  /** Forgets what is in memory. */
  clear(): void;
  /** Begins with what is on disk. */
  load(): void;
};

/** Added up in place: three or four spans grow with every event that there is. */
export const openAudit = (db: Database, writes: RowWrites, order: PositionOrder): AuditSpans => {
  const add = openTable(db, writes, order);
  const heldBack = openHeldBack(db, writes);
  const minutes = new Map<string, Spans>();
  /** Of the event before: nearly every event is of the same minute. */
  let [minute, spans] = ['', noSpans()];
  const note = (found: Map<string, Span>, key: string, isLatest: boolean, recorded: BareEvent): void => {
    const span = found.get(key);
    if (span === undefined) found.set(key, spanOf(recorded));
    else if (isLatest) {
      span.events += 1;
      span.lastPosition = recorded.position;
    } else found.set(key, joined(span, spanOf(recorded), order));
  };
  const turnTo = (next: string): void => {
    minute = next;
    spans = minutes.get(minute) ?? noSpans();
    minutes.set(minute, spans);
  };
  const noteAll = (recorded: BareEvent, accountId: string | null, isLatest: boolean): void => {
    if (minutes.size === 0 || !recorded.recordedAt.startsWith(minute)) turnTo(minuteOf(recorded.recordedAt));
    note(spans.all, '', isLatest, recorded);
    note(spans.actor, recorded.actor, isLatest, recorded);
    note(spans.type, recorded.type, isLatest, recorded);
    if (accountId !== null) note(spans.account, accountId, isLatest, recorded);
  };
  return {
    note: (recorded, accountId, isLatest) => {
      if (!heldBack.letGo(recorded)) noteAll(recorded, accountId, isLatest);
    },
    holdBack: (recorded, count, isLatest) => {
      const of = heldBack.take(recorded, count ?? uncounted(recorded.stream));
      if (of !== null) noteAll(recorded, of.accountId, isLatest);
    },
    write: () => {
      for (const { all, actor, type, account } of minutes.values()) {
        for (const [key, span] of all) add('all', key, span);
        for (const [key, span] of actor) add('actor', key, span);
        for (const [key, span] of type) add('type', key, span);
        for (const [key, span] of account) add('account', key, span);
      }
      heldBack.write();
    },
    clear: () => minutes.clear(),
    load: heldBack.load,
  };
};

/** Spans of one minute by what finds them. */
type Spans = Readonly<Record<AuditKind, Map<string, Span>>>;

const noSpans = (): Spans => ({ all: new Map(), actor: new Map(), type: new Map(), account: new Map() });

/** A span that grows. */
type Span = { -readonly [Field in keyof AuditSpan]: AuditSpan[Field] };

const spanOf = ({ recordedAt, stream, revision, position }: BareEvent): Span => ({
  minute: minuteOf(recordedAt),
  events: 1,
  ...{ firstStream: stream, firstRevision: Number(revision), firstPosition: position, lastPosition: position },
});

/** Both together. A stream that was caught up late lies before what was folded meanwhile. */
const joined = (a: AuditSpan, b: AuditSpan, { comparePositions }: PositionOrder): Span => {
  const [first, other] = comparePositions(a.firstPosition, b.firstPosition) <= 0 ? [a, b] : [b, a];
  const isLonger = comparePositions(other.lastPosition, first.lastPosition) > 0;
  return { ...first, events: a.events + b.events, lastPosition: isLonger ? other.lastPosition : first.lastPosition };
};

const openTable = (db: Database, writes: RowWrites, order: PositionOrder) => {
  const one = db.prepare<[string, string, string], AuditSpan>(
    `SELECT ${spanColumns} FROM audit WHERE kind = ? AND key = ? AND minute = ?`,
  );
  const put = writes.statement(
    `INSERT OR REPLACE INTO audit (kind, key, minute, events, first_stream, first_revision, first_position, last_position)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  return (kind: AuditKind, key: string, span: AuditSpan): void => {
    const before = one.get(kind, key, span.minute);
    const whole = before === undefined ? span : joined(before, span, order);
    const { events, firstStream, firstRevision, firstPosition, lastPosition } = whole;
    put(kind, key, span.minute, events, firstStream, firstRevision, firstPosition, lastPosition);
  };
};
