import type { Database } from 'better-sqlite3';
import type { BareEvent, Position } from '#events';
import { heldBackDdl, openHeldBack } from './held-back.ts';
import { auditKeysKept, auditSpanEventsMax } from './limits.ts';
import type { RowWrites } from './row-writes.ts';
import { type StreamCount, uncounted } from './streams.projection.ts';

/** By what actions are found: all of them, or those of one actor, of one type, or on the streams of one account. */
export type AuditKind = 'all' | 'actor' | 'type' | 'account';

/**
 * The events of one minute that one key finds, and where in the log they lie. The events themselves are in the store. A
 * minute has another part once its first reaches over {@link auditSpanEventsMax} events of the log: a clock that jumps
 * puts events of one minute far from each other, and who looks for them must not read all that lies between.
 */
export type AuditSpan = {
  /** `2026-01-31T12:00`, of when they were recorded. */
  readonly minute: string;
  /** Counted from 0 in the order of the log. */
  readonly part: number;
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
  part INTEGER NOT NULL,
  events INTEGER NOT NULL,
  first_event INTEGER NOT NULL,
  first_stream TEXT NOT NULL,
  first_revision INTEGER NOT NULL,
  first_position TEXT NOT NULL,
  last_position TEXT NOT NULL,
  PRIMARY KEY (kind, key, minute, part)
) STRICT, WITHOUT ROWID;
CREATE TABLE audited (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  events INTEGER NOT NULL
) STRICT;
${heldBackDdl}`;

export const spanColumns = `minute, part, events, first_stream AS firstStream, first_revision AS firstRevision,
  first_position AS firstPosition, last_position AS lastPosition`;

export const minuteOf = (recordedAt: string): string => recordedAt.slice(0, 'YYYY-MM-DDTHH:MM'.length);

/** Every event, by whom and when. It decodes nothing: an event that no build can read is found here too, and what is held back behind it. */
export const audit = { name: 'audit', ddl, category: null } as const;

/** The spans of a file of rows, those since the last commit in memory. Events come in the order of the log, each once. */
export type AuditSpans = {
  /** Adds an event, of an account's stream or of nobody's. */
  note(recorded: BareEvent, accountId: string | null): void;
  /** The same for one that cannot be folded yet, of a stream that was counted so far; it is not added again when it is. */
  holdBack(recorded: BareEvent, count: StreamCount | null): void;
  write(): void;
  /** What was written is committed: little of it is kept. */
  settle(): void;
  /** Begins with what is on disk. */
  load(): void;
};

/** Added up in place: three or four spans grow with every event that there is. */
export const openAudit = (db: Database, writes: RowWrites, keysKept: number = auditKeysKept): AuditSpans => {
  const table = openTable(db, writes);
  const heldBack = openHeldBack(db, writes);
  const minutes = new Map<string, Spans>();
  let unwritten: { readonly kind: AuditKind; readonly key: string; readonly span: Span }[] = [];
  /** Of the event before: nearly every event is of the same minute. */
  let [minute, spans] = ['', noSpans(false)];
  /** The latest minute of any event so far. */
  let newest = '';
  /** Events that were ever added. */
  let added = 0;
  const isFull = ({ firstEvent }: Span): boolean => added - firstEvent >= auditSpanEventsMax;
  const begun = (kind: AuditKind, key: string, recorded: BareEvent, before: Span | undefined): Span => {
    // Under load most of these are accounts met for the first time: to look for each takes longer than to fold it.
    const last = before ?? (spans.isWhole ? undefined : table.last(kind, key, minute));
    if (last !== undefined && !isFull(last)) return last;
    return spanOf(recorded, { minute, part: (last?.part ?? -1) + 1, firstEvent: added });
  };
  const note = (kind: AuditKind, key: string, recorded: BareEvent): void => {
    let span = spans[kind].get(key);
    if (span === undefined || isFull(span)) {
      span = begun(kind, key, recorded, span);
      spans[kind].set(key, span);
    }
    if (span.isWritten) {
      span.isWritten = false;
      unwritten.push({ kind, key, span });
    }
    span.events += 1;
    span.lastPosition = recorded.position;
  };
  const turnTo = (next: string): void => {
    minute = next;
    spans = minutes.get(minute) ?? noSpans(minute > newest);
    minutes.set(minute, spans);
    if (minute > newest) newest = minute;
  };
  const noteAll = (recorded: BareEvent, accountId: string | null): void => {
    if (minutes.size === 0 || !recorded.recordedAt.startsWith(minute)) turnTo(minuteOf(recorded.recordedAt));
    note('all', '', recorded);
    note('actor', recorded.actor, recorded);
    note('type', recorded.type, recorded);
    if (accountId !== null) note('account', accountId, recorded);
    added += 1;
  };
  return {
    note: (recorded, accountId) => {
      if (!heldBack.letGo(recorded)) noteAll(recorded, accountId);
    },
    holdBack: (recorded, count) => {
      const of = heldBack.take(recorded, count ?? uncounted(recorded.stream));
      if (of !== null) noteAll(recorded, of.accountId);
    },
    write: () => {
      for (const { kind, key, span } of unwritten) {
        table.put(kind, key, span);
        span.isWritten = true;
      }
      unwritten = [];
      table.count(added);
      heldBack.write();
    },
    settle: () => {
      minutes.clear();
      if (spans.isWhole && spans.account.size + spans.actor.size <= keysKept) minutes.set(minute, spans);
    },
    load: () => {
      minutes.clear();
      [minute, spans] = ['', noSpans(false)];
      unwritten = [];
      added = table.counted();
      newest = table.newest();
      heldBack.load();
    },
  };
};

/** Spans of one minute by what finds them: the last part of each. */
type Spans = Readonly<Record<AuditKind, Map<string, Span>>> & {
  /** Whether they are all there are: a later minute than any before, and none of it forgotten since. */
  readonly isWhole: boolean;
};

const noSpans = (isWhole: boolean): Spans => ({
  ...{ all: new Map(), actor: new Map(), type: new Map(), account: new Map() },
  isWhole,
});

/** A span that grows. */
type Span = { -readonly [Field in keyof AuditSpan]: AuditSpan[Field] } & {
  /** How many events of the log lie before its first. */
  readonly firstEvent: number;
  isWritten: boolean;
};

const spanOf = ({ stream, revision, position }: BareEvent, of: Pick<Span, 'minute' | 'part' | 'firstEvent'>): Span => ({
  ...of,
  ...{ events: 0, isWritten: true },
  ...{ firstStream: stream, firstRevision: Number(revision), firstPosition: position, lastPosition: position },
});

const openTable = (db: Database, writes: RowWrites) => {
  const last = db.prepare<[string, string, string], Omit<Span, 'isWritten'>>(
    `SELECT ${spanColumns}, first_event AS firstEvent FROM audit
     WHERE kind = ? AND key = ? AND minute = ? ORDER BY part DESC LIMIT 1`,
  );
  const newest = db.prepare<[], string | null>("SELECT max(minute) FROM audit WHERE kind = 'all' AND key = ''").pluck();
  const put = writes.statement(
    `INSERT OR REPLACE INTO audit (kind, key, minute, part, events, first_event, first_stream, first_revision,
       first_position, last_position) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const counted = db.prepare<[], number>('SELECT events FROM audited').pluck();
  const count = writes.statement('INSERT OR REPLACE INTO audited (id, events) VALUES (1, ?)');
  return {
    last: (kind: AuditKind, key: string, minute: string): Span | undefined => {
      const found = last.get(kind, key, minute);
      return found === undefined ? undefined : { ...found, isWritten: true };
    },
    newest: (): string => newest.get() ?? '',
    put: (kind: AuditKind, key: string, span: Span): void => {
      const { minute, part, events, firstEvent, firstStream, firstRevision, firstPosition, lastPosition } = span;
      put(kind, key, minute, part, events, firstEvent, firstStream, firstRevision, firstPosition, lastPosition);
    },
    counted: (): number => counted.get() ?? 0,
    count: (events: number): void => count(events),
  };
};
