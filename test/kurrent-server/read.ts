import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { type ServerWritableStream, status } from '@grpc/grpc-js';
import type { ReadReq } from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import type { Orders } from './faults.ts';
import type { Log, StoredRecord } from './log.ts';
import {
  callError,
  caughtUp,
  checkpoint,
  confirmation,
  eventResponse,
  fail,
  nameOf,
  type ReadAnswer,
  streamNotFound,
} from './messages.ts';

type ReadCall = ServerWritableStream<ReadReq, ReadAnswer>;
type Options = ReadReq.Options;
type Matches = (record: StoredRecord) => boolean;

const backwards = 1;

/** Streams/Read: a page of a stream or of everything, or a subscription to everything. */
export const serveRead = async (log: Log, orders: Orders, call: ReadCall): Promise<void> => {
  const options = call.request.getOptions();
  if (options === undefined) return void fail(call, callError(status.INVALID_ARGUMENT, 'a read without options'));
  const subscribes = options.hasSubscription();
  const order = orders.take(subscribes ? 'subscribe' : 'read');
  if (order?.kind === 'hang') return;
  if (order?.kind === 'refuse') return void fail(call, order.error);
  if (order?.kind === 'delay') await setTimeout(order.ms);
  const cutAfter = order?.kind === 'cut' ? order.afterEvents : Number.POSITIVE_INFINITY;
  if (subscribes) return subscribe(log, orders, call, options);
  await sendPage(log, call, options, cutAfter);
};

const sendPage = async (log: Log, call: ReadCall, options: Options, cutAfter: number): Promise<void> => {
  const count = Number(options.getCount());
  const records = options.hasStream() ? ofStream(log, options) : ofAll(log, options);
  if (records === null) {
    call.write(streamNotFound(nameOf(options.getStream()?.getStreamIdentifier())));
    return void call.end();
  }
  let sent = 0;
  for (const record of records) {
    if (sent >= count || call.cancelled) break;
    if (sent >= cutAfter) return void fail(call, callError(status.UNAVAILABLE, 'the connection was cut mid-page'));
    if (!call.write(eventResponse(record))) await drained(call);
    sent += 1;
  }
  if (sent >= cutAfter) return void fail(call, callError(status.UNAVAILABLE, 'the connection was cut mid-page'));
  call.end();
};

/** Resolves when the reader took what was sent, or went away. */
const drained = (call: ReadCall): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      for (const event of ['drain', 'cancelled', 'close']) call.off(event, done);
      resolve();
    };
    for (const event of ['drain', 'cancelled', 'close']) call.on(event, done);
  });

const ofStream = (log: Log, options: Options): readonly StoredRecord[] | null => {
  const from = options.getStream();
  const records = log.stream(nameOf(from?.getStreamIdentifier()));
  if (records === null) return null;
  const revision = BigInt(from?.getRevision() || '0');
  if (options.getReadDirection() === backwards) {
    return (from?.hasRevision() ? records.filter((record) => record.revision <= revision) : [...records]).reverse();
  }
  if (from?.hasEnd()) return [];
  return from?.hasRevision() ? records.filter((record) => record.revision >= revision) : records;
};

function* ofAll(log: Log, options: Options): Generator<StoredRecord, void, undefined> {
  const all = log.all();
  const matches = filterOf(options);
  const from = options.getAll();
  const given = from?.getPosition();
  const position = given === undefined ? null : BigInt(given.getCommitPosition());
  if (options.getReadDirection() === backwards) {
    for (let index = position === null ? all.length : log.indexAt(position); index > 0; ) {
      index -= 1;
      const record = all[index];
      if (record !== undefined && matches(record)) yield record;
    }
    return;
  }
  if (from?.hasEnd()) return;
  for (let index = position === null ? 0 : log.indexAt(position); index < all.length; index += 1) {
    const record = all[index];
    if (record !== undefined && matches(record)) yield record;
  }
}

const filterOf = (options: Options): Matches => {
  const filter = options.getFilter();
  if (filter === undefined) return () => true;
  const expression = filter.getStreamIdentifier() ?? filter.getEventType();
  const prefixes = expression?.getPrefixList() ?? [];
  const regex = expression?.getRegex() ?? '';
  const matches = (text: string): boolean =>
    prefixes.length > 0 ? prefixes.some((prefix) => text.startsWith(prefix)) : new RegExp(regex).test(text);
  if (filter.hasStreamIdentifier()) return ({ stream }) => matches(stream);
  return ({ metadata }) => matches(metadata.find(([key]) => key === 'type')?.[1] ?? '');
};

/** A catch-up subscription: confirmed, everything after its start, "caught up", then live. */
const subscribe = (log: Log, orders: Orders, call: ReadCall, options: Options): void => {
  const matches = filterOf(options);
  const from = options.getAll();
  const given = from?.getPosition();
  // Unlike a read, a subscription begins after the position it is given.
  const start = given === undefined ? 0 : log.indexAt(BigInt(given.getCommitPosition()) + 1n);
  let index = from?.hasEnd() ? log.all().length : start;
  let isWriting = false;
  let isStopped = false;
  const send = async (): Promise<void> => {
    if (isWriting) return;
    isWriting = true;
    for (; index < log.all().length && !isStopped; index += 1) {
      const record = log.all()[index];
      if (record === undefined) break;
      const message = matches(record) ? eventResponse(record) : checkpoint(record.position);
      if (!call.write(message)) await drained(call);
    }
    isWriting = false;
  };
  call.write(confirmation(randomUUID()));
  const silence = log.onAppend(() => void send());
  const forget = orders.running(() => fail(call, callError(status.UNAVAILABLE, 'the subscription was dropped')));
  const stop = () => {
    isStopped = true;
    silence();
    forget();
  };
  call.on('cancelled', stop);
  call.on('close', stop);
  void send().then(() => call.write(caughtUp()));
};
