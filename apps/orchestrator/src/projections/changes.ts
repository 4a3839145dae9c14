import type { Database } from 'better-sqlite3';
import type { BareEvent, Category } from '#events';
import type { Foldable } from './projection.ts';
import type { RowWrites } from './row-writes.ts';

/**
 * A fold whose rows are not one per stream: single events make, change or remove them. Between commits it holds what the
 * events change, not the rows, so a table may be long and no row is read whole for its neighbour's sake. Rows belong to
 * the stream whose events make them: no event changes a row of another stream.
 */
export type Changes<Change> = {
  readonly name: string;
  readonly ddl: string;
  /** The streams it reads. */
  readonly category: Category;
  /** Pure. `null` when nothing changes. Throws UnknownEvent for what this build cannot read. */
  readonly changeOf: (recorded: BareEvent) => Change | null;
  /** Rows of one stream for as long as changes of it are put into them, by the stream's id. */
  readonly open: (db: Database, writes: RowWrites) => (id: string) => ChangedRows<Change>;
};

/** Rows of one stream that change: read as they were committed, and held until all changes are in them. */
export type ChangedRows<Change> = {
  /** Removes every row there is. */
  clear(): void;
  /** Puts one change in, in the order of the stream. */
  apply(change: Change): void;
  /** Writes the rows that are other than before. */
  write(): void;
};

/** {@link Changes} as the rows sink takes it. */
export const changing = <Change>({ name, ddl, category, changeOf, open }: Changes<Change>): Foldable => ({
  ...{ name, ddl, category },
  open: (db, writes) => {
    const rowsOf = open(db, writes);
    return (id) => {
      let next: Change | null = null;
      let kept: Change[] = [];
      let isForgotten = false;
      return {
        readsRows: true,
        fold: (recorded) => {
          next = changeOf(recorded);
        },
        keep: () => {
          if (next !== null) kept.push(next);
        },
        forget: () => {
          kept = [];
          isForgotten = true;
        },
        write: () => {
          if (!isForgotten && kept.length === 0) return;
          const rows = rowsOf(id);
          if (isForgotten) rows.clear();
          for (const change of kept) rows.apply(change);
          rows.write();
          isForgotten = false;
          kept = [];
        },
      };
    };
  },
});
