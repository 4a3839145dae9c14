import Database from 'better-sqlite3';
import { walPauseMs } from './limits.ts';

/**
 * Asks for a write-ahead log, and gives the journal mode the file then has. For this one write SQLite does not wait, whatever
 * its timeout: it reads the header first, and who holds a read lock and wants another's write lock is told `SQLITE_BUSY` at
 * once. So of several programs that begin a file together some would fail. Throws that after `waitMs`; meanwhile the thread stands.
 */
export const switchToWal = (db: Database.Database, waitMs: number): unknown => {
  for (let waitedMs = 0; ; waitedMs += walPauseMs) {
    try {
      return db.pragma('journal_mode = WAL', { simple: true });
    } catch (error) {
      const isBusy = error instanceof Database.SqliteError && error.code === 'SQLITE_BUSY';
      if (!isBusy || waitedMs >= waitMs) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, walPauseMs);
    }
  }
};
