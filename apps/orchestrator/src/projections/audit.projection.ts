import type { Database } from 'better-sqlite3';
import { categoryOf, type Position, type RecordedEvent } from '#events';
import type { Foldable, PositionOrder } from './rows-sink.ts';

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
CREATE TABLE audit_owners (
  vm_id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;`;

export const spanColumns = `minute, events, first_stream AS firstStream, first_revision AS firstRevision,
  first_position AS firstPosition, last_position AS lastPosition`;

export const minuteOf = (recordedAt: string): string => recordedAt.slice(0, 'YYYY-MM-DDTHH:MM'.length);

/** Every event, by whom and when. It decodes nothing, so an event that no build can read is found here too. */
export const audit: Foldable = {
  name: 'audit',
  ddl,
  category: null,
  openPage: (db, order) => {
    const table = openTable(db, order);
    let page = createSpans(order);
    /** Of the VMs of this page, as far as their requests have come; `null` for one that was not requested yet. */
    let owners = new Map<string, string | null>();
    /** Those of them that the table does not have. */
    let found = new Map<string, string>();
    const ownerOf = (id: string, recorded: RecordedEvent): string | null => {
      const category = categoryOf(recorded.stream);
      if (category !== 'vm') return category === 'account' ? id : null;
      const known = owners.get(id);
      if (known !== undefined && known !== null) return known;
      const isNew = known === undefined && recorded.revision === 0n;
      const kept = known === undefined && !isNew ? table.ownerOf(id) : null;
      const owner = kept ?? requesterOf(recorded);
      owners.set(id, owner);
      if (kept === null && owner !== null) found.set(id, owner);
      return owner;
    };
    return {
      fold: (id, recorded) => () => page.note(recorded, ownerOf(id, recorded)),
      write: () => {
        page.each(table.add);
        for (const [vmId, accountId] of found) table.own(vmId, accountId);
      },
      clear: () => {
        page = createSpans(order);
        owners = new Map();
        found = new Map();
      },
    };
  },
};

/** Spans of one page, added up in place: three or four of them for every event that there is. */
const createSpans = (order: PositionOrder) => {
  const minutes = new Map<string, Spans>();
  /** The furthest event of this page; nearly every event is, and then its place needs no looking for. */
  let furthest: Position | null = null;
  const note = (spans: Map<string, Span>, key: string, isLatest: boolean, recorded: RecordedEvent): void => {
    const span = spans.get(key);
    if (span === undefined) spans.set(key, spanOf(recorded));
    else if (isLatest) {
      span.events += 1;
      span.lastPosition = recorded.position;
    } else spans.set(key, joined(span, spanOf(recorded), order));
  };
  return {
    note: (recorded: RecordedEvent, accountId: string | null): void => {
      const isLatest = furthest === null || order.comparePositions(recorded.position, furthest) > 0;
      if (isLatest) furthest = recorded.position;
      const minute = minuteOf(recorded.recordedAt);
      let spans = minutes.get(minute);
      if (spans === undefined) {
        spans = { all: new Map(), actor: new Map(), type: new Map(), account: new Map() };
        minutes.set(minute, spans);
      }
      note(spans.all, '', isLatest, recorded);
      note(spans.actor, recorded.actor, isLatest, recorded);
      note(spans.type, recorded.type, isLatest, recorded);
      if (accountId !== null) note(spans.account, accountId, isLatest, recorded);
    },
    each: (told: (kind: AuditKind, key: string, span: AuditSpan) => void): void => {
      for (const { all, actor, type, account } of minutes.values()) {
        for (const [key, span] of all) told('all', key, span);
        for (const [key, span] of actor) told('actor', key, span);
        for (const [key, span] of type) told('type', key, span);
        for (const [key, span] of account) told('account', key, span);
      }
    },
  };
};

/** Spans of one minute by what finds them. */
type Spans = Readonly<Record<AuditKind, Map<string, Span>>>;

/** A span that grows. */
type Span = { -readonly [Field in keyof AuditSpan]: AuditSpan[Field] };

/** The account of a request, read as it is stored: also one that no build can read any more names its owner. */
const requesterOf = ({ type, data: { accountId } }: RecordedEvent): string | null =>
  type === 'VmRequested' && typeof accountId === 'string' ? accountId : null;

const spanOf = ({ recordedAt, stream, revision, position }: RecordedEvent): Span => ({
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

/** Whose a VM is, by its request; `null` before there was one. */
export const auditOwner = (db: Database): ((vmId: string) => string | null) => {
  const one = db.prepare<[string], string>('SELECT account_id FROM audit_owners WHERE vm_id = ?').pluck();
  return (vmId) => one.get(vmId) ?? null;
};

const openTable = (db: Database, order: PositionOrder) => {
  const one = db.prepare<[string, string, string], AuditSpan>(
    `SELECT ${spanColumns} FROM audit WHERE kind = ? AND key = ? AND minute = ?`,
  );
  const put = db.prepare(
    `INSERT OR REPLACE INTO audit (kind, key, minute, events, first_stream, first_revision, first_position, last_position)
     VALUES (:kind, :key, :minute, :events, :firstStream, :firstRevision, :firstPosition, :lastPosition)`,
  );
  const owner = auditOwner(db);
  const own = db.prepare<[string, string]>('INSERT OR IGNORE INTO audit_owners (vm_id, account_id) VALUES (?, ?)');
  return {
    add: (kind: AuditKind, key: string, span: AuditSpan): void => {
      const before = one.get(kind, key, span.minute);
      put.run({ kind, key, ...(before === undefined ? span : joined(before, span, order)) });
    },
    ownerOf: owner,
    own: (vmId: string, accountId: string) => own.run(vmId, accountId),
  };
};
