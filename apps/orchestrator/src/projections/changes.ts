import type { Database } from 'better-sqlite3';
import type { Category, RecordedEvent } from '#events';
import type { Foldable } from './rows-sink.ts';

/**
 * A fold whose rows are not one per stream: single events make, change or remove them. Between commits it holds what the
 * events of the page change, not the rows, so a table may be long and no row is read whole for its neighbour's sake.
 */
export type Changes<Change> = {
  readonly name: string;
  readonly ddl: string;
  /** The streams it reads; `null` for all, and then it decodes no event's content. */
  readonly category: Category | null;
  /** Pure. `null` when nothing changes. Throws UnknownEvent for what this build cannot read. */
  readonly changeOf: (recorded: RecordedEvent) => Change | null;
  /** Writes one change, in the order of the log and inside the transaction of the commit. */
  readonly open: (db: Database) => (change: Change) => void;
};

/** {@link Changes} as the rows sink takes it. */
export const changing = <Change>({ name, ddl, category, changeOf, open }: Changes<Change>): Foldable => ({
  ...{ name, ddl, category },
  openPage: (db) => {
    const apply = open(db);
    let page: Change[] = [];
    return {
      fold: (_id, recorded) => {
        const change = changeOf(recorded);
        return () => {
          if (change !== null) page.push(change);
        };
      },
      write: () => {
        for (const change of page) apply(change);
      },
      clear: () => {
        page = [];
      },
    };
  },
});
