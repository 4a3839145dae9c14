import { statSync } from 'node:fs';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { busyTimeoutMs, walBytesKept, walCheckpointBytes } from './limits.ts';
import { createRowRunner, type RowWrite } from './row-writes.ts';
import type { FromRowsThread, RowsThreadStart, ToRowsThread } from './rows-thread.ts';

/** The thread that writes rows. What fails is told at the commit, as if all had been written there. */
const run = (port: MessagePort, { file, sql }: RowsThreadStart): void => {
  const db = new Database(file, { timeout: busyTimeoutMs, fileMustExist: true });
  db.pragma('synchronous = NORMAL');
  db.pragma('trusted_schema = OFF');
  db.pragma(`journal_size_limit = ${walBytesKept}`);
  // Its log is tidied into the file after a commit has been told, while the next events are folded: that waits for the disk.
  db.pragma('wal_autocheckpoint = 0');
  const runner = createRowRunner(db, sql);
  let failure: unknown = null;
  const answer = (message: FromRowsThread) => port.postMessage(message);

  const write = (writes: readonly RowWrite[]): void => {
    if (failure !== null) return;
    try {
      if (!db.inTransaction) db.exec('BEGIN IMMEDIATE');
      runner(writes);
    } catch (error) {
      failure = error;
    }
  };
  const rollback = (): void => {
    failure = null;
    if (db.inTransaction) db.exec('ROLLBACK');
  };
  const commit = (): FromRowsThread => {
    try {
      if (failure !== null) throw failure;
      db.exec('COMMIT');
      return { kind: 'committed' };
    } catch (error) {
      rollback();
      const code = error instanceof Database.SqliteError ? error.code : null;
      return { kind: 'failed', message: error instanceof Error ? error.message : String(error), code };
    }
  };

  port.on('message', (message: ToRowsThread) => {
    if (message.kind === 'rollback') rollback();
    else if (message.kind === 'close') {
      rollback();
      db.close();
      port.close();
    } else {
      write(message.writes);
      if (message.kind === 'write') return answer({ kind: 'written' });
      const outcome = commit();
      answer(outcome);
      if (outcome.kind === 'committed' && walBytes(file) >= walCheckpointBytes) tidy(db);
    }
  });
};

const walBytes = (file: string): number => statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;

/** SQLite does it by itself otherwise, and says as little when it cannot: the next commit on a full disk fails and says so. */
const tidy = (db: Database.Database): void => {
  try {
    db.pragma('wal_checkpoint(PASSIVE)');
  } catch (error) {
    if (!(error instanceof Database.SqliteError)) throw error;
  }
};

if (parentPort === null) throw new Error('BUG: rows are written in a thread of their own');
run(parentPort, workerData);
