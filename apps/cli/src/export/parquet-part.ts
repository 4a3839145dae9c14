import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { createRowsTable, openAppender, openDuck, sqlText } from './duckdb.ts';
import type { PartWriter } from './part.ts';

/** A part of Parquet with zstd: rows are gathered in memory and written at the end. */
export const openParquetPart = async (path: string): Promise<PartWriter> => {
  const duck = await openDuck();
  await createRowsTable(duck, 'part');
  const appender = await openAppender(duck, 'part');
  return {
    write: async (rows) => appender.append(rows),
    finish: async () => {
      appender.close();
      try {
        await duck.connection.run(`COPY part TO ${sqlText(path)} (FORMAT parquet, COMPRESSION zstd)`);
      } finally {
        duck.close();
      }
      return syncAndHash(path);
    },
    abandon: async () => {
      appender.close();
      duck.close();
    },
  };
};

const syncAndHash = async (path: string) => {
  await using file = await open(path, 'r+');
  // DuckDB makes it for everybody to read; what is in the log is for whoever exports it, as in every other part.
  await file.chmod(0o600);
  await file.sync();
  return await hashOf(file.createReadStream({ start: 0, autoClose: false }));
};

/** Bytes and SHA-256 of a stream of chunks. */
export const hashOf = async (chunks: AsyncIterable<Buffer>) => {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
};
