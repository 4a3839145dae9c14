import Database from 'better-sqlite3';
import { type AdmittedEvent, genesisHash, linkHash, type StreamName } from '#events';
import { streamHeadsMax } from './limits.ts';
import type { AppendRequest, AppendResult } from './requests.ts';

type Head = { readonly revision: number; readonly hash: string };
type Recorded = {
  readonly position: number;
  readonly revision: number;
  readonly prevHash: string;
  readonly hash: string;
};

export type Appender = {
  /** Appends inside the open transaction. A conflict leaves nothing of it behind and the transaction usable. */
  append(request: AppendRequest): AppendResult;
  /** Forgets what it remembers of streams: another process wrote, or a transaction was rolled back. */
  forget(): void;
};

/** Version-checked appends on one connection. Remembers the heads of the streams it wrote last. */
export const createAppender = (db: Database.Database): Appender => {
  const sql = statements(db);
  const heads = new Map<StreamName, Head>();

  const headOf = (stream: StreamName): Head => heads.get(stream) ?? sql.head.get(stream) ?? noHead;
  const remember = (stream: StreamName, head: Head) => {
    if (heads.size >= streamHeadsMax) heads.clear();
    heads.set(stream, head);
  };

  const insert = ({ stream, events }: AppendRequest, head: Head): AppendResult => {
    let { revision, hash } = head;
    let count = 0;
    for (const event of events) {
      const prevHash = hash;
      revision += 1;
      hash = linkHash(event, stream, revision, prevHash);
      count = Number(sql.insert.run(...columns(event, stream, revision, prevHash, hash)).lastInsertRowid);
    }
    remember(stream, { revision, hash });
    return { kind: 'appended', revision, count };
  };

  const insertAll = (request: AppendRequest, head: Head): AppendResult => {
    if (request.events.length === 1) return insert(request, head);
    sql.savepoint.run();
    try {
      return insert(request, head);
    } catch (error) {
      if (db.inTransaction) sql.undo.run();
      throw error;
    } finally {
      if (db.inTransaction) sql.release.run();
    }
  };

  return {
    forget: () => heads.clear(),
    append: (request) => {
      const head = headOf(request.stream);
      const actual = head === noHead ? null : head.revision;
      if (request.first !== head.revision + 1) {
        return lastOfRepeat(sql.range, request) ?? { kind: 'conflict', actual, duplicateId: null };
      }
      try {
        return insertAll(request, head);
      } catch (error) {
        const duplicate = isTaken(error) ? request.events.find(({ eventId }) => sql.byId.get(eventId)) : undefined;
        if (duplicate === undefined) throw error;
        return { kind: 'conflict', actual, duplicateId: duplicate.eventId };
      }
    },
  };
};

const noHead: Head = { revision: -1, hash: genesisHash };

const isTaken = (error: unknown): boolean =>
  error instanceof Database.SqliteError && error.code === 'SQLITE_CONSTRAINT_UNIQUE';

type Range = Database.Statement<[StreamName, number, number], Recorded>;

/** The result of an append that is recorded already, event for event and byte for byte; `null` when it is not. */
const lastOfRepeat = (range: Range, { stream, first, events }: AppendRequest): AppendResult | null => {
  const recorded = range.all(stream, first, first + events.length);
  const last = recorded.at(-1);
  const same = events.every((event, index) => {
    const row = recorded[index];
    return row !== undefined && linkHash(event, stream, row.revision, row.prevHash) === row.hash;
  });
  return same && last !== undefined ? { kind: 'appended', revision: last.revision, count: last.position } : null;
};

type Columns = readonly (string | number | null)[];

const columns = (event: AdmittedEvent, stream: string, revision: number, prevHash: string, hash: string): Columns => [
  stream,
  revision,
  event.eventId,
  event.type,
  event.version,
  event.dataText,
  event.recordedAt,
  event.actor,
  event.correlationId,
  event.causationId,
  event.traceparent,
  prevHash,
  hash,
];

const statements = (db: Database.Database) => ({
  head: db.prepare<[StreamName], Head>(
    'SELECT revision, hash FROM events WHERE stream = ? ORDER BY revision DESC LIMIT 1',
  ),
  range: db.prepare<[StreamName, number, number], Recorded>(
    `SELECT position, revision, prev_hash AS prevHash, hash FROM events
      WHERE stream = ? AND revision >= ? AND revision < ? ORDER BY revision`,
  ),
  byId: db.prepare<[string]>('SELECT 1 FROM events WHERE event_id = ?'),
  // Without a position given, SQLite takes the highest plus one: nothing is ever removed, so the log has no gap.
  insert: db.prepare<Columns[number][]>(
    `INSERT INTO events (stream, revision, event_id, type, version, data, recorded_at, actor, correlation_id,
      causation_id, traceparent, prev_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ),
  savepoint: db.prepare('SAVEPOINT one_append'),
  undo: db.prepare('ROLLBACK TO one_append'),
  release: db.prepare('RELEASE one_append'),
});
