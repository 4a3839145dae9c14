import type { Database } from 'better-sqlite3';
import { handOversMax } from './limits.ts';
import { createRowRunner, type RowWrite, type RowWrites } from './row-writes.ts';
import { type RowsThread, startRowsThread } from './rows-thread.ts';

/** Writes rows, all since the commit before in one transaction. */
export type RowsWriter = RowWrites & {
  /** `false` for a file in memory, which no thread could open. */
  readonly hasThreads: boolean;
  /**
   * Whether it would be of use to hand over now what is to be written. Not when the thread has not come to what it was
   * given before: then more of it would only lie twice in memory.
   */
  isReady(): boolean;
  /** Has a thread write what was taken so far, while events go on to be folded. Readers see it once it is committed. */
  handOver(): void;
  /**
   * Has the thread commit what was taken so far, while events go on to be folded; `done` is called once it is on disk. When
   * it fails nothing that comes after it is written, and {@link RowsWriter.settled} says so.
   */
  commitBehind(done: () => void): void;
  /** Whether the thread has still to say how such a commit ended, or it failed. */
  isUnsettled(): boolean;
  /** Waits for that. Rejects with what made it fail. */
  settled(): Promise<void>;
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
  /** How the commit ends that nobody waits for: `null` once it is on disk. */
  let behind: Promise<Error | null> | null = null;
  let behindFailed = false;

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

  const byThread = (of: RowsThread, goesOn: boolean): Promise<void> => {
    const done = of.commit(taken());
    // It ends when it has done this.
    if (!goesOn) end();
    return done.catch((error: unknown) => {
      end();
      throw error;
    });
  };

  return {
    statement: (text) => {
      const at = sql.push(text) - 1;
      return (...bound) => {
        writes.push([at, bound]);
      };
    },
    hasThreads: !db.memory,
    isReady: () => !db.memory && !behindFailed && (thread === null || thread.waiting() < handOversMax),
    handOver: () => {
      thread ??= startRowsThread({ file: db.name, sql });
      thread.write(taken());
    },
    commitBehind: (done) => {
      if (thread === null || behind !== null) throw new Error('BUG: there is no thread that could commit this');
      const ending: Promise<Error | null> = byThread(thread, true).then(
        () => {
          // Who rolled back meanwhile has begun anew.
          if (behind !== ending) return null;
          behind = null;
          done();
          return null;
        },
        (error: unknown) => {
          if (behind === ending) behindFailed = true;
          return error instanceof Error ? error : new Error(String(error));
        },
      );
      behind = ending;
    },
    isUnsettled: () => behind !== null,
    settled: async () => {
      const error = await behind;
      if (error !== null) throw error;
    },
    commit: (goesOn) => (thread === null ? writeHere.immediate(taken()) : byThread(thread, goesOn)),
    rollback: () => {
      writes = [];
      [behind, behindFailed] = [null, false];
      thread?.rollback();
    },
    close: async () => {
      end();
      await ended;
    },
  };
};
