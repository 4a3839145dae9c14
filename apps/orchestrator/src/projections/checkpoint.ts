import type { Database } from 'better-sqlite3';
import type { EventStore, Position } from '#events';
import type { RowWrites } from './row-writes.ts';

export const checkpointDdl = `CREATE TABLE checkpoint (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  store_id TEXT,
  position TEXT,
  reach TEXT
) STRICT;
INSERT INTO checkpoint (id) VALUES (1);`;

/** Where the rows stand, and the last event that any of them may have: a stream that was caught up may be ahead of the rest. */
export const openCheckpoint = (
  db: Database,
  writes: RowWrites,
  { parsePosition }: Pick<EventStore, 'parsePosition'>,
) => {
  const one = db.prepare<[], { readonly position: string | null; readonly reach: string | null }>(
    'SELECT position, reach FROM checkpoint WHERE id = 1',
  );
  const put = writes.statement('UPDATE checkpoint SET position = ?, reach = ? WHERE id = 1');
  const parsed = (text: string | null | undefined): Position | null =>
    text === null || text === undefined ? null : parsePosition(text);
  return {
    load: () => {
      const saved = one.get();
      return { position: parsed(saved?.position), reach: parsed(saved?.reach) };
    },
    save: (position: Position, reach: Position) => put(position, reach),
  };
};
