import { Worker } from 'node:worker_threads';
import Database from 'better-sqlite3';
import type { RowWrite } from './row-writes.ts';

/** What the thread begins with: the file, and the statements that writes name by their number. */
export type RowsThreadStart = { readonly file: string; readonly sql: readonly string[] };

export type ToRowsThread =
  | { readonly kind: 'write' | 'commit'; readonly writes: readonly RowWrite[] }
  | { readonly kind: 'rollback' }
  /** Ends it; what is not committed is rolled back. */
  | { readonly kind: 'close' };

export type FromRowsThread =
  /** One `write` is done, or was given up since something before it failed. */
  | { readonly kind: 'written' }
  /** How a `commit` ended. */
  | { readonly kind: 'committed' }
  | { readonly kind: 'failed'; readonly message: string; readonly code: string | null };

/** A thread that writes rows on a connection of its own, between two commits in one transaction. */
export type RowsThread = {
  /** Writes that it was given and has not come to yet. */
  waiting(): number;
  write(writes: readonly RowWrite[]): void;
  /** Rejects when any of the writes since the commit before failed; then none of them is in the file. */
  commit(writes: readonly RowWrite[]): Promise<void>;
  rollback(): void;
  /** Resolves when it has ended: a process that ends while a thread with a native addon does may crash. */
  close(): Promise<void>;
};

type Settle = { readonly resolve: () => void; readonly reject: (error: Error) => void };

/** Starts the thread. Returns at once: what it is given meanwhile waits for it. */
export const startRowsThread = (start: RowsThreadStart): RowsThread => {
  const fromSource = import.meta.url.endsWith('.ts');
  const worker = new Worker(new URL(fromSource ? './rows.worker.ts' : './rows.worker.js', import.meta.url), {
    workerData: start,
    execArgv: fromSource ? ['--disable-warning=ExperimentalWarning'] : [],
  });
  let waiting = 0;
  let committing: Settle | null = null;
  let broken: Error | null = null;

  const settle = (error: Error | null): void => {
    const settled = committing;
    committing = null;
    if (error === null) settled?.resolve();
    else settled?.reject(error);
  };
  const post = (message: ToRowsThread): void => worker.postMessage(message);

  worker.on('message', (message: FromRowsThread) => {
    if (message.kind === 'written') waiting -= 1;
    else settle(message.kind === 'failed' ? faultOf(message) : null);
  });
  worker.on('error', (error: unknown) => {
    broken = new Error(`the thread that writes rows broke: ${String(error)}`, { cause: error });
  });
  const exited = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      broken ??= new Error('the thread that writes rows has ended');
      settle(broken);
      resolve();
    });
  });

  return {
    waiting: () => waiting,
    write: (writes) => {
      waiting += 1;
      post({ kind: 'write', writes });
    },
    commit: (writes) =>
      new Promise((resolve, reject) => {
        if (broken !== null) return reject(broken);
        committing = { resolve, reject };
        post({ kind: 'commit', writes });
      }),
    rollback: () => post({ kind: 'rollback' }),
    close: () => {
      post({ kind: 'close' });
      return exited;
    },
  };
};

/** As SQLite would have said it here: its code tells a full disk from a bug. */
const faultOf = ({ message, code }: { readonly message: string; readonly code: string | null }): Error =>
  code === null ? new Error(message) : new Database.SqliteError(message, code);
