import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { badAnswer } from '../cli-error.ts';
import { columnNames } from './columns.ts';
import { declaredColumns, openDuck, sqlText } from './duckdb.ts';
import type { Encoding } from './manifest.ts';

/** A row read back from a part; everything as text, `null` where there is nothing. */
export type ReadRow = Readonly<Record<string, string | null>>;

/** The rows of a part again, in order. CSV and Parquet are read by DuckDB, so by somebody else's idea of the format. */
export async function* readPart(dir: string, file: string, encoding: Encoding): AsyncGenerator<ReadRow> {
  const path = join(dir, file);
  if (encoding === 'ndjson') yield* readLines(path);
  else yield* readTable(path, encoding);
}

async function* readLines(path: string): AsyncGenerator<ReadRow> {
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    const row = objectOf(line);
    if (row === null) throw badAnswer('export-damaged', `${path} line ${number} is no JSON object`);
    yield Object.fromEntries(Object.entries(row).map(([name, value]) => [name, textOf(value)]));
  }
}

const textOf = (value: unknown): string | null =>
  value === null ? null : typeof value === 'object' ? JSON.stringify(value) : String(value);

async function* readTable(path: string, encoding: 'csv' | 'parquet'): AsyncGenerator<ReadRow> {
  const duck = await openDuck();
  try {
    const result = await duck.connection.stream(`SELECT ${selected} FROM ${tableOf([path], encoding)}`);
    for await (const rows of result.yieldRowObjectJs()) {
      for (const row of rows)
        yield Object.fromEntries(Object.entries(row).map(([name, value]) => [name, textOf(value)]));
    }
  } finally {
    duck.close();
  }
}

const selected = columnNames
  .map((name) =>
    name === 'recorded_at' ? `strftime(${name}, '%Y-%m-%dT%H:%M:%S.%gZ') AS ${name}` : `${name}::VARCHAR AS ${name}`,
  )
  .join(', ');

/** Parts as one table, as DuckDB reads them. */
export const tableOf = (paths: readonly string[], encoding: Encoding): string => {
  const from = `[${paths.map(sqlText).join(', ')}]`;
  switch (encoding) {
    case 'parquet':
      return `read_parquet(${from})`;
    case 'csv':
      return `read_csv(${from}, header = true, quote = '"', escape = '"', nullstr = '', columns = ${declaredColumns})`;
    case 'ndjson':
      return `read_json(${from}, format = 'newline_delimited', maximum_object_size = 16777216, columns = ${declaredColumns})`;
  }
};

const objectOf = (line: string): object | null => {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
};
