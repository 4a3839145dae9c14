import type { DuckDBConnection } from '@duckdb/node-api';
import { badAnswer } from '../cli-error.ts';
import { columns, type ExportRow } from './columns.ts';
import { duckdbMemory } from './limits.ts';

export type Duck = {
  readonly connection: DuckDBConnection;
  close(): void;
};

/**
 * Opens DuckDB on a file, or in memory. It fetches nothing and keeps within its memory. Refuses `duckdb-missing` where the
 * optional package is not installed: it has no build for this platform, or optional packages were left out.
 */
export const openDuck = async (file = ':memory:'): Promise<Duck> => {
  const { DuckDBInstance } = await loadDuck();
  const instance = await DuckDBInstance.create(file, {
    memory_limit: duckdbMemory,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  return {
    connection,
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
};

const loadDuck = async () => {
  try {
    return await import('@duckdb/node-api');
  } catch (error) {
    throw badAnswer('duckdb-missing', 'DuckDB is not installed', {
      wanted: 'the optional package @duckdb/node-api',
      fix: 'npm ci --include=optional, or take --format ndjson or csv, which need nothing',
      cause: error,
    });
  }
};

/** A quoted text in SQL. */
export const sqlText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const declared = columns.map(([name, type]) => `${name} ${type}`).join(', ');

/** The table `name` for rows, in the order they come. */
export const createRowsTable = async ({ connection }: Duck, name: string): Promise<void> => {
  await connection.run(`CREATE TABLE ${name} (${declared})`);
};

/** Rows into a table made by {@link createRowsTable}. */
export const openAppender = async ({ connection }: Duck, name: string) => {
  const { DuckDBTimestampValue } = await loadDuck();
  const appender = await connection.createAppender(name);
  const text = (value: string | null): void => (value === null ? appender.appendNull() : appender.appendVarchar(value));
  const row = (each: ExportRow): void => {
    appender.appendBigInt(BigInt(each.seq));
    text(each.position);
    text(each.stream);
    text(each.category);
    appender.appendBigInt(BigInt(each.revision));
    text(each.event_id);
    text(each.type);
    appender.appendInteger(each.version);
    appender.appendTimestamp(new DuckDBTimestampValue(BigInt(Date.parse(each.recorded_at)) * 1_000n));
    for (const name of ['actor', 'correlation_id', 'causation_id', 'traceparent', 'data'] as const) text(each[name]);
    text(each.prev_hash);
    text(each.hash);
    appender.endRow();
  };
  return {
    append: (rows: readonly ExportRow[]): void => {
      for (const each of rows) row(each);
      appender.flushSync();
    },
    close: () => appender.closeSync(),
  };
};

/** The columns as `read_csv` and `read_json` want them said. */
export const declaredColumns = `{${columns.map(([name, type]) => `${name}: '${type}'`).join(', ')}}`;
