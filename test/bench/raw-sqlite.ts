import Database from 'better-sqlite3';

export type RawRow = {
  readonly stream: string;
  readonly eventId: string;
  readonly type: string;
  readonly data: string;
  readonly recordedAt: string;
  readonly actor: string;
};

/**
 * The bare driver doing what an event store must: a version check, a row with the same columns and the same two unique
 * indexes, WAL and synchronous=FULL, and one commit for all that waits in a turn of the event loop. No hashes, no
 * canonical form, no thread, no port.
 */
export const openRaw = (file: string) => {
  const db = new Database(file);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma('wal_autocheckpoint = 4000');
  db.exec(`CREATE TABLE events (
    position INTEGER PRIMARY KEY, stream TEXT NOT NULL, revision INTEGER NOT NULL, event_id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL, version INTEGER NOT NULL, data TEXT NOT NULL, recorded_at TEXT NOT NULL, actor TEXT NOT NULL,
    correlation_id TEXT NOT NULL, causation_id TEXT NOT NULL, traceparent TEXT, prev_hash TEXT NOT NULL, hash TEXT NOT NULL,
    UNIQUE (stream, revision)
  ) STRICT`);
  const last = db.prepare<[string], number | null>('SELECT max(revision) FROM events WHERE stream = ?').pluck();
  const insert = db.prepare(
    `INSERT INTO events (stream, revision, event_id, type, version, data, recorded_at, actor, correlation_id, causation_id, traceparent, prev_hash, hash)
     VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?, NULL, ?, ?)`,
  );
  const hash = '0'.repeat(64);
  type Waiting = { readonly row: RawRow; readonly expected: number; readonly done: (error?: Error) => void };
  let waiting: Waiting[] = [];
  const write = db.transaction((batch: readonly Waiting[]) => {
    for (const { row, expected } of batch) {
      if ((last.get(row.stream) ?? -1) !== expected) throw new Error(`${row.stream} is not at ${expected}`);
      const { stream, eventId, type, data, recordedAt, actor } = row;
      insert.run(stream, expected + 1, eventId, type, data, recordedAt, actor, eventId, eventId, hash, hash);
    }
  });
  const flush = (): void => {
    const batch = waiting;
    waiting = [];
    write.immediate(batch);
    for (const { done } of batch) done();
  };
  return {
    db,
    append: (row: RawRow, expected: number): Promise<void> =>
      new Promise((resolve, reject) => {
        if (waiting.length === 0) setImmediate(flush);
        waiting.push({ row, expected, done: (error) => (error === undefined ? resolve() : reject(error)) });
      }),
    close: () => db.close(),
  };
};
