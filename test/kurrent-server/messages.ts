import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { StreamIdentifier as StreamIdentifierMessage } from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js';
import shared from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js';
import statusMessages from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/status_pb.js';
import type {
  BatchAppendResp as BatchAppendRespMessage,
  ReadResp as ReadRespMessage,
} from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import streams from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import any from 'google-protobuf/google/protobuf/any_pb.js';
import type { Proposed, StoredRecord, Written } from './log.ts';

/** What a read writes: a message, or the bytes of one. */
export type ReadAnswer = ReadRespMessage | Buffer;

export const serializeAnswer = (answer: ReadAnswer): Buffer =>
  Buffer.isBuffer(answer) ? answer : Buffer.from(answer.serializeBinary());

// Our words into the protocol's, by the client's own generated classes.

export const identifier = (stream: string): StreamIdentifierMessage => {
  const message = new shared.StreamIdentifier();
  message.setStreamName(Buffer.from(stream).toString('base64'));
  return message;
};

export const nameOf = (message: StreamIdentifierMessage | undefined): string =>
  Buffer.from(message?.getStreamName_asU8() ?? []).toString();

type ProposedMessage = {
  getId(): { getString(): string } | undefined;
  getMetadataMap(): { toArray(): unknown };
  getCustomMetadata_asU8(): Uint8Array;
  getData_asU8(): Uint8Array;
};

export const proposedOf = (message: ProposedMessage): Proposed => ({
  id: message.getId()?.getString() ?? '',
  metadata: message.getMetadataMap().toArray() as readonly (readonly [string, string])[],
  customMetadata: message.getCustomMetadata_asU8(),
  data: message.getData_asU8(),
});

const serialized = new WeakMap<StoredRecord, Buffer>();

/** An event as it goes over the wire, put into bytes once: readers ask for the same pages again and again. */
export const eventResponse = (record: StoredRecord): Buffer => {
  const bytes = serialized.get(record) ?? Buffer.from(eventMessage(record).serializeBinary());
  serialized.set(record, bytes);
  return bytes;
};

const eventMessage = (record: StoredRecord): ReadRespMessage => {
  const event = new streams.ReadResp.ReadEvent.RecordedEvent();
  const id = new shared.UUID();
  id.setString(record.id);
  event.setId(id);
  event.setStreamIdentifier(identifier(record.stream));
  event.setStreamRevision(record.revision.toString());
  event.setCommitPosition(record.position.toString());
  event.setPreparePosition(record.position.toString());
  for (const [key, value] of record.metadata) event.getMetadataMap().set(key, value);
  event.getMetadataMap().set('created', '17636400000000000');
  event.setCustomMetadata(record.customMetadata);
  event.setData(record.data);
  const read = new streams.ReadResp.ReadEvent();
  read.setEvent(event);
  read.setCommitPosition(record.position.toString());
  const response = new streams.ReadResp();
  response.setEvent(read);
  return response;
};

export const confirmation = (subscriptionId: string): ReadRespMessage => {
  const message = new streams.ReadResp.SubscriptionConfirmation();
  message.setSubscriptionId(subscriptionId);
  const response = new streams.ReadResp();
  response.setConfirmation(message);
  return response;
};

export const caughtUp = (): ReadRespMessage => {
  const response = new streams.ReadResp();
  response.setCaughtUp(new streams.ReadResp.CaughtUp());
  return response;
};

export const checkpoint = (position: bigint): ReadRespMessage => {
  const message = new streams.ReadResp.Checkpoint();
  message.setCommitPosition(position.toString());
  message.setPreparePosition(position.toString());
  const response = new streams.ReadResp();
  response.setCheckpoint(message);
  return response;
};

export const streamNotFound = (stream: string): ReadRespMessage => {
  const message = new streams.ReadResp.StreamNotFound();
  message.setStreamIdentifier(identifier(stream));
  const response = new streams.ReadResp();
  response.setStreamNotFound(message);
  return response;
};

/** What a batch append comes to; errors travel inside the answer. */
export const batchAnswer = (stream: string, written: Written): BatchAppendRespMessage => {
  const response = new streams.BatchAppendResp();
  response.setStreamIdentifier(identifier(stream));
  if (written.kind === 'wrong-version') {
    const details = new shared.WrongExpectedVersion();
    if (written.actual !== null) details.setCurrentStreamRevision(written.actual.toString());
    return withError(response, 'WrongExpectedVersion', details.serializeBinary());
  }
  const position = new shared.AllStreamPosition();
  position.setCommitPosition(written.last.position.toString());
  position.setPreparePosition(written.last.position.toString());
  const success = new streams.BatchAppendResp.Success();
  success.setCurrentRevision(written.last.revision.toString());
  success.setPosition(position);
  response.setSuccess(success);
  return response;
};

/** An append over the server's limit. */
export const tooLarge = (stream: string, maxBytes: number): BatchAppendRespMessage => {
  const response = new streams.BatchAppendResp();
  response.setStreamIdentifier(identifier(stream));
  const details = new shared.MaximumAppendSizeExceeded();
  details.setMaxappendsize(maxBytes);
  return withError(response, 'MaximumAppendSizeExceeded', details.serializeBinary());
};

const withError = (response: BatchAppendRespMessage, name: string, bytes: Uint8Array): BatchAppendRespMessage => {
  const details = new any.Any();
  details.pack(bytes, `event_store.client.${name}`);
  const error = new statusMessages.Status();
  error.setMessage(name);
  error.setDetails(details);
  response.setError(error);
  return response;
};

/** An error of a whole call, with the trailers the client tells it by. */
export const callError = (code: status, details: string, trailers: Readonly<Record<string, string>> = {}) => {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(trailers)) metadata.set(key, value);
  return Object.assign(new Error(details), { code, details, metadata }) satisfies ServiceError;
};

/** Ends a streaming call with an error: told as an event, it goes out as the call's status with its trailers. */
export const fail = (call: { emit(event: 'error', error: ServiceError): unknown }, error: ServiceError): void => {
  call.emit('error', error);
};

/** What a node that follows answers to a call that wants the leader. */
export const notLeader = (leader: { readonly host: string; readonly port: number }): ServiceError =>
  callError(status.NOT_FOUND, 'Leader info available', {
    exception: 'not-leader',
    'leader-endpoint-host': leader.host,
    'leader-endpoint-port': leader.port.toString(),
  });
