import { Worker } from 'node:worker_threads';
import { EvidenceUnavailable } from '#events';
import type { Day, Piece } from './day-file.ts';
import { waitingBytesMax } from './limits.ts';

export type ToKeeper = (Piece & { readonly day: Day }) | 'close';
/** What came of the oldest `count` pieces that were sent. */
export type Kept = { readonly count: number; readonly failed: string | null };

export type Keeper = {
  /** Resolves once the piece is durable. Takes its bytes over. Rejects with {@link EvidenceUnavailable}. */
  keep(day: Day, piece: Piece): Promise<void>;
  /** Finishes what was accepted and ends the thread. */
  close(): Promise<void>;
};

type Waiting = { readonly bytes: number; readonly settle: (failed: string | null) => void };

/** Writes to the files of days in a thread of its own, many pieces with one wait for the disk. */
export const startKeeper = (dir: string): Keeper => {
  const worker = openWorker(dir);
  const waiting: Waiting[] = [];
  let waitingBytes = 0;
  let ended: string | null = null;

  const settle = (count: number, failed: string | null): void => {
    for (const { bytes, settle: tell } of waiting.splice(0, count)) {
      waitingBytes -= bytes;
      tell(failed);
    }
  };
  const post = (message: ToKeeper, taken: readonly ArrayBuffer[] = []): void => worker.postMessage(message, taken);
  worker.on('message', ({ count, failed }: Kept) => settle(count, failed));
  worker.on('error', (error: unknown) => {
    ended = `its thread ended: ${String(error)}`;
  });
  const exited = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      ended ??= 'its thread ended';
      settle(waiting.length, ended);
      resolve();
    });
  });

  const refusalOf = (bytes: number): string | null => {
    if (ended !== null || waitingBytes + bytes <= waitingBytesMax) return ended;
    return `${waitingBytes} bytes wait for the disk, at most ${waitingBytesMax} do; try again in a while`;
  };

  return {
    keep: (day, { sha256, sealed }) =>
      new Promise((resolve, reject) => {
        const settled = (failed: string | null): void =>
          failed === null ? resolve() : reject(new EvidenceUnavailable(`evidence in ${dir}: ${failed}`));
        const refusal = refusalOf(sealed.length);
        if (refusal !== null) return settled(refusal);
        waitingBytes += sealed.length;
        waiting.push({ bytes: sealed.length, settle: settled });
        const { buffer } = sealed;
        post({ day, sha256, sealed }, ownsAll(sealed) && buffer instanceof ArrayBuffer ? [buffer] : []);
      }),
    close: () => {
      if (ended === null) {
        ended = 'it is closed';
        post('close');
      }
      return exited;
    },
  };
};

/** Small buffers are parts of one that others use too: those are copied. */
const ownsAll = ({ byteLength, buffer }: Uint8Array): boolean => byteLength === buffer.byteLength;

/** From source (tests, tools) the thread is a source too. */
const openWorker = (dir: string): Worker => {
  const fromSource = import.meta.url.endsWith('.ts');
  const script = new URL(fromSource ? './keeper.worker.ts' : './keeper.worker.js', import.meta.url);
  return new Worker(script, {
    workerData: dir,
    execArgv: fromSource ? ['--conditions=hcc-source', '--disable-warning=ExperimentalWarning'] : [],
  });
};
