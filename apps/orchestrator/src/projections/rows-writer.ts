import type { Database } from 'better-sqlite3';
import { handOversMax } from './limits.ts';
import { createRowRunner, type RowWrite, type RowWrites } from './row-writes.ts';
import { type RowsThread, startRowsThread } from './rows-thread.ts';

/** Writes rows, all since the commit before in one transaction. */
export type RowsWriter = RowWrites & {
  /**
   * Whether it would be of use to hand over now what is to be written. Not when the thread has not come to what it was
   * given before: then more of it would only lie twice in memory.
   */
  isReady(): boolean;
  /** Has a thread write what was taken so far, while events go on to be folded. Readers see it once it is committed. */
  handOver(): void;
  /** Commits: at once, or by the thread once there is one. `goesOn`: there is more to come, and the thread is kept for it. */
  commit(goesOn: boolean): Promise<void> | void;
  /** Forgets everything since the commit before. */
  rollback(): void;
  /** Ends the thread, and with it what is not committed. Resolves when it has let go of the file. */
  close(): Promise<void>;
};

/** Writes into an open file of rows. Nobody else may write there meanwhile. */
export const createRowsWriter = (db: Database): RowsWriter => {
  const sql: string[] = [];
  const run = createRowRunner(db, sql);
  const writeHere = db.transaction(run);
  let writes: RowWrite[] = [];
  let thread: RowsThread | null = null;
  let ended: Promise<unknown> = Promise.resolve();

  const taken = (): readonly RowWrite[] => {
    const all = writes;
    writes = [];
    return all;
  };

  const end = (): void => {
    if (thread === null) return;
    ended = Promise.all([ended, thread.close()]);
    thread = null;
  };

  return {
    statement: (text) => {
      const at = sql.push(text) - 1;
      return (...bound) => {
        writes.push([at, bound]);
      };
    },
    isReady: () => !db.memory && (thread === null || thread.waiting() < handOversMax),
    handOver: () => {
      thread ??= startRowsThread({ file: db.name, sql });
      thread.write(taken());
    },
    commit: (goesOn) => {
      if (thread === null) return writeHere.immediate(taken());
      const done = thread.commit(taken());
      // It ends when it has done this.
      if (!goesOn) end();
      return done.catch((error: unknown) => {
        end();
        throw error;
      });
    },
    rollback: () => {
      writes = [];
      thread?.rollback();
    },
    close: async () => {
      end();
      await ended;
    },
  };
};
