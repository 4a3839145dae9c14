import { categoryOf, type RecordedEvent } from '#events';
import type { Projection } from './projection.ts';

/** One stream as a list shows it. */
export type StreamRow = {
  readonly stream: string;
  readonly category: string;
  /** So many were folded into the read model; the next one has this revision. */
  readonly events: number;
  readonly lastAt: string;
};

const ddl = `CREATE TABLE streams (
  stream TEXT PRIMARY KEY,
  category TEXT NOT NULL,
  events INTEGER NOT NULL,
  last_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;`;

/** Every stream there is. Reads no event's content; its count is also what makes a repeated event do nothing. */
export const streams: Projection<StreamRow> = {
  name: 'streams',
  ddl,
  category: null,
  fold: (row, { stream, recordedAt }: RecordedEvent) => ({
    stream,
    category: categoryOf(stream),
    events: (row?.events ?? 0) + 1,
    lastAt: recordedAt,
  }),
  open: (db) => {
    const one = db.prepare<[string], StreamRow>(
      'SELECT stream, category, events, last_at AS lastAt FROM streams WHERE stream = ?',
    );
    const put = db.prepare(
      `INSERT INTO streams (stream, category, events, last_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (stream) DO UPDATE SET events = excluded.events, last_at = excluded.last_at`,
    );
    return {
      load: (stream) => one.get(stream) ?? null,
      save: (stream, { category, events, lastAt }) => put.run(stream, category, events, lastAt),
    };
  },
};
