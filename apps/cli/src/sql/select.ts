import { badAnswer } from '../cli-error.ts';
import type { Duck } from '../export/duckdb.ts';

export type SqlAnswer = {
  readonly columns: readonly string[];
  /** Whole numbers past 2^53 and decimals are texts. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Whether there are more rows than were asked for. */
  readonly more: boolean;
};

/** Runs one query, at most `limit` rows of it. Refuses `sql-refused` with what DuckDB says of the query. */
export const select = async (
  { connection }: Duck,
  query: string,
  limit: number,
  signal: AbortSignal,
): Promise<SqlAnswer> => {
  const interrupt = (): void => connection.interrupt();
  signal.addEventListener('abort', interrupt);
  try {
    const result = await connection.stream(query);
    const columns = result.deduplicatedColumnNames();
    const rows: Readonly<Record<string, unknown>>[] = [];
    for await (const page of result.yieldRowObjectJson()) {
      rows.push(...page);
      if (rows.length > limit) break;
    }
    return { columns, rows: rows.slice(0, limit), more: rows.length > limit };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw badAnswer('sql-refused', 'the query did not run', { observed: said, wanted: 'SQL as DuckDB takes it' });
  } finally {
    signal.removeEventListener('abort', interrupt);
  }
};
