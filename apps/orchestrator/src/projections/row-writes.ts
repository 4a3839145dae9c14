import type { Database, Statement } from 'better-sqlite3';

export type SqlValue = string | number | null;

/** Values of a statement by their place, or one object of them by name. */
export type Bound = readonly (SqlValue | Readonly<Record<string, SqlValue>>)[];

/** One row that is to be written: by which statement, counted from 0, and with what. Goes between threads as it is. */
export type RowWrite = readonly [statement: number, bound: Bound];

/** Takes what is to be written to a file of rows, in order. Nothing of it is on disk before it is committed. */
export type RowWrites = {
  /** Gives what writes by a statement. */
  statement(sql: string): (...bound: Bound) => void;
};

/** Carries writes out, on a connection that has a transaction. */
export type RowRunner = (writes: readonly RowWrite[]) => void;

/** Prepares statements for what names them by their number. Those that are added to `sql` later are prepared when they are used. */
export const createRowRunner = (db: Database, sql: readonly string[]): RowRunner => {
  const statements: Statement<unknown[]>[] = [];
  const prepared = (at: number): Statement<unknown[]> => {
    const text = sql[at];
    if (text === undefined) throw new Error(`BUG: there is no statement ${at}`);
    const statement = db.prepare<unknown[]>(text);
    statements[at] = statement;
    return statement;
  };
  return (writes) => {
    for (const [at, bound] of writes) (statements[at] ?? prepared(at)).run(...bound);
  };
};
