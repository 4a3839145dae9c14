import { badAnswer, usageError } from '../cli-error.ts';
import { columnNames } from '../export/columns.ts';
import type { Duck } from '../export/duckdb.ts';

export type SqlAnswer = {
  readonly columns: readonly string[];
  /** Whole numbers past 2^53 and decimals are texts. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Whether there are more rows than were asked for. */
  readonly more: boolean;
};

/**
 * Looks at a query before anything is fetched for it. Refuses `sql-refused` what DuckDB cannot make sense of over the
 * table `events`, `sql-not-a-question` what would change something: it would change a copy, and read as if it were the log.
 */
export const demandQuestion = async ({ connection }: Duck, query: string): Promise<void> => {
  const { StatementType } = await import('@duckdb/node-api');
  // DuckDB has no words for nothing at all.
  const statements = await connection.extractStatements(query.trim() === '' ? ';' : query).catch(refused);
  const prepared = statements.count === 1 ? await statements.prepare(0).catch(refused) : null;
  const asks: readonly number[] = [StatementType.SELECT, StatementType.EXPLAIN];
  if (prepared !== null && asks.includes(prepared.statementType)) return;
  throw usageError('sql-not-a-question', 'the log is read here, and never changed', {
    observed:
      prepared === null
        ? `${statements.count} statements`
        : `a statement of kind ${StatementType[prepared.statementType]}`,
    wanted: 'one SELECT, or EXPLAIN of one',
    fix: "hcc sql 'select type, count(*) n from events group by 1'",
  });
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
    return refused(error);
  } finally {
    signal.removeEventListener('abort', interrupt);
  }
};

const refused = (error: unknown): never => {
  const said = error instanceof Error ? error.message : String(error);
  // DuckDB draws the place below the query, in lines of its own; its sentence is before that.
  const [sentence = said] = said.split(/\n\s*\n?LINE \d/);
  throw badAnswer('sql-refused', 'the query did not run', {
    observed: sentence.trim().replace(/\s*\n\s*/g, '; '),
    wanted: `SQL as DuckDB takes it, of the table events with ${columnNames.join(', ')}`,
    cause: error,
  });
};
