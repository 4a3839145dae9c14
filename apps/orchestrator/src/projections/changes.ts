import type { Database } from 'better-sqlite3';
import type { Category, RecordedEvent } from '#events';
import type { Foldable } from './projection.ts';

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
  readonly changeOf: (recorded: RecordedEvent) => Change | null;
  /** Writes one change, in the order of its stream and inside the transaction of the commit. */
  readonly open: (db: Database) => (change: Change) => void;
  /** Removes every row of one stream, by the stream's id. */
  readonly remove: (db: Database) => (id: string) => void;
};

/** {@link Changes} as the rows sink takes it. */
export const changing = <Change>({ name, ddl, category, changeOf, open, remove }: Changes<Change>): Foldable => ({
  ...{ name, ddl, category },
  open: (db) => {
    const apply = open(db);
    const removeAll = remove(db);
    return (id) => {
      let next: Change | null = null;
      let kept: Change[] = [];
      let isForgotten = false;
      return {
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
          if (isForgotten) removeAll(id);
          isForgotten = false;
          for (const change of kept) apply(change);
          kept = [];
        },
      };
    };
  },
});
