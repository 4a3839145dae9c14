import type { Database } from 'better-sqlite3';
import type { Category, RecordedEvent } from '#events';

/** Rows of one table while events go through them. */
export type Table<Row> = {
  load(key: string): Row | null;
  save(key: string, row: Row): void;
};

/**
 * A fold for reading: one row per stream, made by a pure function of the row and the next event of that stream. What it
 * reads of an event it decodes strictly, so that nothing is shown that nobody understood.
 */
export type Projection<Row> = {
  readonly name: string;
  readonly ddl: string;
  /** The streams it makes rows of; `null` for all. */
  readonly category: Category | null;
  /** Pure. Throws UnknownEvent for what this build cannot read. */
  readonly fold: (row: Row | null, recorded: RecordedEvent) => Row | null;
  readonly open: (db: Database) => Table<Row>;
};
