import type { Database } from 'better-sqlite3';
import { type BareEvent, type Category, categoryOf, idOf, type StreamName } from '#events';
import type { RowWrites } from './row-writes.ts';

/** Rows of one table while events go through them: read as they were committed, and written with what is to be. */
export type Table<Row> = {
  load(key: string): Row | null;
  save(key: string, row: Row): void;
  remove(key: string): void;
};

/**
 * A fold for reading: one row per stream, made by a pure function of the row and the next event of that stream. What it
 * reads of an event it decodes strictly, so that nothing is shown that nobody understood.
 */
export type Projection<Row> = {
  readonly name: string;
  readonly ddl: string;
  /** The streams it makes rows of. */
  readonly category: Category;
  /** Pure. Throws UnknownEvent for what this build cannot read. */
  readonly fold: (row: Row | null, recorded: BareEvent) => Row | null;
  readonly open: (db: Database, writes: RowWrites) => Table<Row>;
};

/** What a projection keeps of one stream while events go through it. In memory until it is written. */
export type StreamFold = {
  /** Folds one more event, for {@link StreamFold.keep} to keep. Throws UnknownEvent for what this build cannot read. */
  fold(recorded: BareEvent): void;
  keep(): void;
  /** Begins anew, as before the first event of the stream: what is on disk of it is removed when it is written. */
  forget(): void;
  /** Writes what was kept since it was last written. */
  write(): void;
  /** Whether it is written once between two commits, and last: what it writes it makes of rows as they were committed. */
  readonly readsRows: boolean;
};

/** A projection whose kind of row only it knows. */
export type Foldable = {
  readonly name: string;
  readonly ddl: string;
  readonly category: Category;
  /** Streams of one file of rows, each by its id. */
  readonly open: (db: Database, writes: RowWrites) => (id: string) => StreamFold;
};

/** A {@link Projection} as the rows sink takes it. */
export const foldable = <Row>(projection: Projection<Row>): Foldable => ({
  ...{ name: projection.name, ddl: projection.ddl, category: projection.category },
  open: (db, writes) => {
    const table = projection.open(db, writes);
    return (id) => {
      /** `undefined` until somebody needs it. */
      let row: Row | null | undefined;
      let next: Row | null = null;
      let isWritten = true;
      let isForgotten = false;
      return {
        readsRows: false,
        fold: (recorded) => {
          // What comes here is not folded yet, so before the first event of a stream there is no row to look for.
          if (row === undefined) row = recorded.revision === 0n ? null : table.load(id);
          next = projection.fold(row, recorded);
        },
        keep: () => {
          if (next === null) return;
          row = next;
          isWritten = false;
        },
        forget: () => {
          row = null;
          isForgotten = true;
        },
        write: () => {
          if (isForgotten) table.remove(id);
          isForgotten = false;
          if (isWritten || row === undefined || row === null) return;
          table.save(id, row);
          isWritten = true;
        },
      };
    };
  },
});

/** Opens projections on a file of rows. Gives what all of them keep of a stream. */
export const openFolds = (projections: readonly Foldable[], db: Database, writes: RowWrites) => {
  const byCategory = new Map<Category, readonly ((id: string) => StreamFold)[]>();
  for (const { category, open } of projections) {
    byCategory.set(category, [...(byCategory.get(category) ?? []), open(db, writes)]);
  }
  return (stream: StreamName): readonly StreamFold[] =>
    (byCategory.get(categoryOf(stream)) ?? []).map((open) => open(idOf(stream)));
};
