import { setTimeout } from 'node:timers/promises';
import { type ServerDuplexStream, type ServerReadableStream, type sendUnaryData, status } from '@grpc/grpc-js';
import shared from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js';
import type {
  AppendReq,
  AppendResp,
  BatchAppendReq,
  BatchAppendResp,
} from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import streams from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import type { Orders } from './faults.ts';
import type { Expected, Log, Proposed, Written } from './log.ts';
import { batchAnswer, callError, fail, nameOf, proposedOf, tooLarge } from './messages.ts';

/** A server's default (--max-append-size): data and metadata of one append. */
const appendBytesMax = 1024 * 1024;

type BatchCall = ServerDuplexStream<BatchAppendReq, BatchAppendResp>;
type Pending = { readonly stream: string; readonly expected: Expected; readonly proposed: Proposed[] };

/** Streams/BatchAppend: many appends on one connection, each answered under its correlation id. */
export const serveBatchAppend = (log: Log, orders: Orders, call: BatchCall): void => {
  const pending = new Map<string, Pending>();
  const drop = (): void => {
    fail(call, callError(status.UNAVAILABLE, 'the append stream was dropped'));
  };
  const forget = orders.running(drop);
  call.on('close', forget);
  call.on('cancelled', forget);
  call.on('end', () => call.end());
  const finish = async (request: BatchAppendReq, { stream, expected, proposed }: Pending): Promise<void> => {
    const order = orders.take('append');
    if (order?.kind === 'hang') return;
    if (order?.kind === 'refuse') return void fail(call, order.error);
    if (order?.kind === 'delay') await setTimeout(order.ms);
    const answer =
      bytesOf(proposed) > appendBytesMax
        ? tooLarge(stream, appendBytesMax)
        : batchAnswer(stream, log.append(stream, expected, proposed));
    if (order?.kind === 'cut') return drop();
    answer.setCorrelationId(request.getCorrelationId());
    call.write(answer);
  };
  call.on('data', (request: BatchAppendReq) => {
    const correlation = request.getCorrelationId()?.getString() ?? '';
    const options = request.getOptions();
    const one = pending.get(correlation) ?? {
      stream: nameOf(options?.getStreamIdentifier()),
      expected: options === undefined ? 'any' : expectedOfBatch(options),
      proposed: [],
    };
    pending.set(correlation, one);
    one.proposed.push(...request.getProposedMessagesList().map(proposedOf));
    if (!request.getIsFinal()) return;
    pending.delete(correlation);
    void finish(request, one);
  });
};

const expectedOfBatch = (options: BatchAppendReq.Options): Expected => {
  if (options.hasNoStream()) return 'no-stream';
  if (options.hasAny()) return 'any';
  return options.hasStreamExists() ? 'stream-exists' : BigInt(options.getStreamPosition());
};

/** Streams/Append: one append, which is what a client with credentials per call uses. */
export const serveAppend = (
  log: Log,
  orders: Orders,
  call: ServerReadableStream<AppendReq, AppendResp>,
  answer: sendUnaryData<AppendResp>,
): void => {
  let stream = '';
  let expected: Expected = 'any';
  const proposed: Proposed[] = [];
  call.on('data', (request: AppendReq) => {
    const options = request.getOptions();
    const message = request.getProposedMessage();
    if (options !== undefined) {
      stream = nameOf(options.getStreamIdentifier());
      expected = expectedOf(options);
    }
    if (message !== undefined) proposed.push(proposedOf(message));
  });
  call.on('end', () => {
    const order = orders.take('append');
    if (order?.kind === 'hang') return;
    if (order?.kind === 'refuse') return answer(order.error);
    answer(null, appendAnswer(log.append(stream, expected, proposed)));
  });
};

const expectedOf = (options: AppendReq.Options): Expected => {
  if (options.hasNoStream()) return 'no-stream';
  if (options.hasAny()) return 'any';
  return options.hasStreamExists() ? 'stream-exists' : BigInt(options.getRevision());
};

const appendAnswer = (written: Written): AppendResp => {
  const response = new streams.AppendResp();
  if (written.kind === 'wrong-version') {
    const wrong = new streams.AppendResp.WrongExpectedVersion();
    if (written.actual === null) wrong.setCurrentNoStream(new shared.Empty());
    else wrong.setCurrentRevision(written.actual.toString());
    response.setWrongExpectedVersion(wrong);
    return response;
  }
  const position = new streams.AppendResp.Position();
  position.setCommitPosition(written.last.position.toString());
  position.setPreparePosition(written.last.position.toString());
  const success = new streams.AppendResp.Success();
  success.setCurrentRevision(written.last.revision.toString());
  success.setPosition(position);
  response.setSuccess(success);
  return response;
};

const bytesOf = (proposed: readonly Proposed[]): number =>
  proposed.reduce((bytes, { data, customMetadata }) => bytes + data.length + customMetadata.length, 0);
