import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { type Day, type DayFile, openDay } from './day-file.ts';
import type { Kept, ToKeeper } from './keeper.ts';
import { commitBytesMax, commitPiecesMax } from './limits.ts';

type Commit = { readonly day: Day; readonly pieces: Extract<ToKeeper, { readonly sealed: Uint8Array }>[] };

/** The thread that waits for the disk: whatever came while the last commit ran goes into the next one. */
const run = (port: MessagePort, dir: string): void => {
  let open: { readonly day: Day; readonly file: DayFile } | null = null;

  const close = (): void => {
    open?.file.close();
    open = null;
  };
  const fileOf = (day: Day): DayFile => {
    if (open?.day === day) return open.file;
    close();
    open = { day, file: openDay(dir, day) };
    return open.file;
  };
  const commit = ({ day, pieces }: Commit): Kept => {
    try {
      fileOf(day).keep(pieces);
      return { count: pieces.length, failed: null };
    } catch (error) {
      // Opened anew for the next one: what is wrong may be over by then.
      close();
      return { count: pieces.length, failed: error instanceof Error ? error.message : String(error) };
    }
  };

  port.on('message', (first: ToKeeper) => {
    const { commits, isLast } = gathered(first, port);
    for (const one of commits) port.postMessage(commit(one));
    if (!isLast) return;
    close();
    port.close();
  });
};

/** A message and what waits behind it, up to a commit's worth, by day. */
const gathered = (first: ToKeeper, port: MessagePort): { commits: readonly Commit[]; isLast: boolean } => {
  const commits: Commit[] = [];
  let [count, bytes] = [0, 0];
  for (let message: ToKeeper | undefined = first; message !== undefined; ) {
    if (message === 'close') return { commits, isLast: true };
    const { day, sealed } = message;
    const newest = commits.at(-1);
    if (newest?.day === day) newest.pieces.push(message);
    else commits.push({ day, pieces: [message] });
    count += 1;
    bytes += sealed.length;
    message = count < commitPiecesMax && bytes < commitBytesMax ? receiveMessageOnPort(port)?.message : undefined;
  }
  return { commits, isLast: false };
};

if (parentPort === null) throw new Error('BUG: evidence is written in a thread of its own');
run(parentPort, workerData);
