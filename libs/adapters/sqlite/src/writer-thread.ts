import { Worker } from 'node:worker_threads';
import { StoreUnavailable } from '#events';
import { storeFault } from './faults.ts';
import { batchWrites, pendingCharsMax, pendingWritesMax } from './limits.ts';
import type { Failed, FromWriter, ToWriter, WriteRequest, WriteResult, WriterStart } from './requests.ts';

export type WriterThread = {
  readonly storeId: string;
  /** Resolves once the request is durable, or is known not to be. Throws {@link StoreUnavailable}. */
  write(request: WriteRequest): Promise<WriteResult>;
  /** Finishes what was accepted and ends the thread. */
  close(): Promise<void>;
};

type Pending = {
  readonly request: WriteRequest;
  readonly chars: number;
  readonly settle: (result: WriteResult | Failed) => void;
};

/** Opens the file in a thread of its own. `onAppended` is called after each commit of events with how many appends that were, before their writers are told. */
export const startWriterThread = async (
  start: WriterStart,
  onAppended: (appends: number) => void,
): Promise<WriterThread> => {
  const { worker, storeId, ended } = await openWorker(start);
  const unsent: Pending[] = [];
  const sent: Pending[] = [];
  let pendingChars = 0;
  let refusal: Failed | null = null;
  let sendingSoon = false;

  const post = (message: ToWriter) => worker.postMessage(message);
  const send = () => {
    while (unsent.length > 0) {
      const batch = unsent.splice(0, batchWrites);
      sent.push(...batch);
      post({ kind: 'write', requests: batch.map(({ request }) => request) });
    }
  };
  /** What one turn of the event loop asks for travels together, or in full batches. */
  const sendSoon = () => {
    if (unsent.length >= batchWrites) send();
    if (sendingSoon) return;
    sendingSoon = true;
    setImmediate(() => {
      sendingSoon = false;
      send();
    });
  };
  const settle = (pending: readonly Pending[], results: readonly (WriteResult | Failed)[]) => {
    pending.forEach(({ chars, settle: tell }, index) => {
      pendingChars -= chars;
      const result = results[index];
      if (result !== undefined) tell(result);
    });
  };
  worker.on('message', (message: FromWriter) => {
    if (message.kind !== 'written') return;
    const { results } = message;
    let appends = 0;
    for (const { kind } of results) if (kind === 'appended') appends += 1;
    if (appends > 0) onAppended(appends);
    settle(sent.splice(0, results.length), results);
  });
  worker.on('error', (error: unknown) => {
    refusal = broken(start.file, String(error));
  });
  const exited = ended.then(() => {
    const why = refusal?.fault === 'io' ? refusal : broken(start.file, 'it exited');
    refusal ??= why;
    const lost = [...sent.splice(0), ...unsent.splice(0)];
    settle(lost, Array<Failed>(lost.length).fill(why));
  });

  const write = (request: WriteRequest): Promise<WriteResult> => {
    const chars = charsOf(request);
    const waiting = sent.length + unsent.length;
    const no = refusal ?? overload(start.file, waiting, pendingChars + chars);
    if (no !== null) return Promise.reject(new StoreUnavailable(no.fault, no.detail));
    pendingChars += chars;
    return new Promise((resolve, reject) => {
      unsent.push({
        request,
        chars,
        settle: (result) =>
          result.kind === 'failed' ? reject(new StoreUnavailable(result.fault, result.detail)) : resolve(result),
      });
      sendSoon();
    });
  };

  return {
    storeId,
    write,
    close: () => {
      if (refusal === null) {
        refusal = failed(storeFault(start.file, 'closed', 'it is closed'));
        send();
        post({ kind: 'close' });
      }
      return exited;
    },
  };
};

type Opened = { readonly worker: Worker; readonly storeId: string; readonly ended: Promise<void> };

/** From source (tests, tools) the thread needs the same resolution of `#events` as we have. */
const openWorker = async (start: WriterStart): Promise<Opened> => {
  const fromSource = import.meta.url.endsWith('.ts');
  const script = new URL(fromSource ? './writer.worker.ts' : './writer.worker.js', import.meta.url);
  const worker = new Worker(script, {
    workerData: start,
    execArgv: fromSource ? ['--conditions=hcc-source', '--disable-warning=ExperimentalWarning'] : [],
  });
  // Heard from the beginning: on a busy machine its first word and its end come in one turn.
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const first = await new Promise<FromWriter>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(storeFault(start.file, 'io', 'its writer thread ended before it was ready')));
  });
  if (first.kind === 'ready') return { worker, storeId: first.storeId, ended };
  if (first.kind === 'failed') {
    // A process that ends while a thread with a native addon does may crash: whoever is told, it has ended.
    await ended;
    throw new StoreUnavailable(first.fault, first.detail);
  }
  throw new Error('BUG: the writer wrote before it was ready');
};

const failed = ({ fault, message }: StoreUnavailable): Failed => ({ kind: 'failed', fault, detail: message });

const broken = (file: string, why: string): Failed =>
  failed(
    storeFault(file, 'io', `its writer thread ended (${why}); repeat the append after a restart to learn its outcome`),
  );

const overload = (file: string, writes: number, chars: number): Failed | null => {
  if (writes < pendingWritesMax && chars <= pendingCharsMax) return null;
  const detail = `event store ${file}: ${writes} writes and ${chars} characters wait for the disk; try again in a while`;
  return { kind: 'failed', fault: 'busy', detail };
};

const charsOf = (request: WriteRequest): number =>
  request.kind === 'append' ? request.events.reduce((sum, { dataText }) => sum + dataText.length, 0) : 0;
