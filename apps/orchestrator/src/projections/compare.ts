import { setImmediate } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { busyTimeoutMs, comparedAtOnce, differencesShown } from './limits.ts';

/**
 * Live rows that are not as a rebuild makes them: `missing`, `extra`, or `other`. Keys only: rows may hold what is not for
 * every eye.
 */
export type Differences = {
  readonly rows: number;
  readonly different: number;
  readonly first: readonly {
    readonly table: string;
    readonly key: string;
    readonly what: 'missing' | 'extra' | 'other';
  }[];
};

type Row = Readonly<Record<string, unknown>>;

/** A file of rows as it stands at one moment, whatever is written to it meanwhile. */
export type Snapshot = { readonly db: Database.Database; close(): void };

/** Holds a file as it is now. Short is better: until it is closed, SQLite cannot tidy its write-ahead log away. */
export const snapshotOf = (file: string): Snapshot => {
  const db = new Database(file, { readonly: true, fileMustExist: true, timeout: busyTimeoutMs });
  try {
    db.exec('BEGIN');
    // The snapshot is taken by the first read, not by BEGIN.
    db.prepare('SELECT position FROM checkpoint').get();
  } catch (error) {
    db.close();
    throw error;
  }
  return {
    db,
    close: () => {
      db.close();
    },
  };
};

/** Every row of every table but the checkpoint, held against the same row of another file. */
export const compareRows = async (
  live: Database.Database,
  rebuilt: Database.Database,
  signal: AbortSignal,
): Promise<Differences> => {
  const first: { readonly table: string; readonly key: string; readonly what: 'missing' | 'extra' | 'other' }[] = [];
  let [rows, different] = [0, 0];
  for (const table of tablesOf(rebuilt)) {
    const key = keyOf(rebuilt, table);
    for (const [a, b] of sideBySide(inOrder(live, table, key), inOrder(rebuilt, table, key), key)) {
      rows += 1;
      if (rows % comparedAtOnce === 0) await setImmediate();
      signal.throwIfAborted();
      if (a !== null && b !== null && sameRow(a, b)) continue;
      different += 1;
      const what = a === null ? ('missing' as const) : b === null ? ('extra' as const) : ('other' as const);
      if (first.length < differencesShown) first.push({ table, key: keyText(a ?? b ?? {}, key), what });
    }
  }
  return { rows, different, first };
};

/** Tables of a file of rows, whoever added them. */
export const tablesOf = (db: Database.Database): readonly string[] =>
  db
    .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'checkpoint' ORDER BY name")
    .pluck()
    .all();

/** Columns of a table's primary key, in its order. */
export const keyOf = (db: Database.Database, table: string): readonly string[] => {
  const columns = db
    .prepare<[string], string>('SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk')
    .pluck();
  const key = columns.all(table);
  if (key.length === 0) throw new Error(`BUG: table ${table} of the read model has no primary key`);
  return key;
};

const inOrder = (db: Database.Database, table: string, key: readonly string[]): Iterator<Row> =>
  db.prepare<[], Row>(`SELECT * FROM ${table} ORDER BY ${key.join(', ')}`).iterate();

/** Two lists in the order of a key, joined by it; `null` where one of them has no such row. */
function* sideBySide(
  left: Iterator<Row>,
  right: Iterator<Row>,
  key: readonly string[],
): Generator<readonly [Row | null, Row | null]> {
  try {
    let a = next(left);
    let b = next(right);
    while (a !== null || b !== null) {
      const order = a === null ? 1 : b === null ? -1 : compareKeys(a, b, key);
      yield [order <= 0 ? a : null, order >= 0 ? b : null];
      if (order <= 0) a = next(left);
      if (order >= 0) b = next(right);
    }
  } finally {
    // A file cannot be closed while one of its queries is open.
    left.return?.();
    right.return?.();
  }
}

const next = (rows: Iterator<Row>): Row | null => {
  const { done, value } = rows.next();
  return done === true ? null : value;
};

/** As SQLite orders: numbers by value, text by its bytes. */
const compareKeys = (a: Row, b: Row, key: readonly string[]): number => {
  for (const column of key) {
    const order = compareValues(a[column], b[column]);
    if (order !== 0) return order;
  }
  return 0;
};

const compareValues = (a: unknown, b: unknown): number =>
  typeof a === 'number' && typeof b === 'number'
    ? a - b
    : Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));

const sameRow = (a: Row, b: Row): boolean => {
  const columns = Object.keys(b);
  return columns.length === Object.keys(a).length && columns.every((column) => a[column] === b[column]);
};

const keyText = (row: Row, key: readonly string[]): string => key.map((column) => String(row[column])).join(' ');
