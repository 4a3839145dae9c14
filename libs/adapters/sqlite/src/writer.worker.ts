import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { StoreUnavailable } from '#events';
import { groupWritesMax } from './limits.ts';
import type { FromWriter, ToWriter, WriteRequest, WriterStart } from './requests.ts';
import { openWriter, type Writer } from './writer.ts';

/** The writer thread: whatever arrived while the last commit ran goes into the next one. */
const run = (port: MessagePort, writer: Writer): void => {
  const answer = (message: FromWriter) => port.postMessage(message);
  port.on('message', (first: ToWriter) => {
    const { requests, close } = gather(first, port);
    if (requests.length > 0) answer({ kind: 'written', results: writer.commit(requests) });
    if (!close) return;
    writer.close();
    port.close();
  });
  answer({ kind: 'ready', storeId: writer.storeId });
};

/** A message and what waits behind it, up to a commit's worth. */
const gather = (first: ToWriter, port: MessagePort) => {
  const requests: WriteRequest[] = [];
  let close = false;
  let message: ToWriter | undefined = first;
  while (message !== undefined) {
    if (message.kind === 'close') close = true;
    else requests.push(...message.requests);
    message = requests.length < groupWritesMax ? receiveMessageOnPort(port)?.message : undefined;
  }
  return { requests, close };
};

const start = (port: MessagePort, from: WriterStart): void => {
  try {
    run(port, openWriter(from));
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    const failed: FromWriter = { kind: 'failed', fault: error.fault, detail: error.message };
    port.postMessage(failed);
    port.close();
  }
};

if (parentPort === null) throw new Error('BUG: the writer runs in a thread of its own');
start(parentPort, workerData);
