import { hash, type KeyObject, sign, verify } from 'node:crypto';
import canonicalize from 'canonicalize';
import { z } from 'zod';
import { genesisHash } from '../chain.ts';
import type { RecordedEvent, StreamName } from '../envelope.ts';
import { logHeadBytesMax, logHeadStreamsMax } from '../limits.ts';
import { sha256Hex } from '../schemas/values.ts';

const wholeNumber = z.int().nonnegative();

const logHead = z.strictObject({
  format: z.literal('hcc-log-head'),
  version: z.literal(1),
  storeId: z.string().max(100),
  /** The last event it covers. */
  position: z.string().max(200),
  /** How many events there are up to it. */
  events: wholeNumber,
  /** {@link extendLogHash} over all of them, in the order of the log. */
  logHash: sha256Hex,
  /** The newest event of each stream that grew since the head before, as name, revision and hash. */
  streams: z.array(z.tuple([z.string().max(200), wholeNumber, sha256Hex])).max(logHeadStreamsMax),
  /** SHA-256 of the line before; 64 zeros for the first. */
  previous: sha256Hex,
  signedAt: z.iso.datetime({ precision: 3 }),
});
const signedHead = logHead.extend({ signature: z.base64url().length(86) });

/** What the log was at one moment, in a form that is kept outside the store and signed: what is missing later is seen. */
export type LogHead = z.infer<typeof logHead>;
export type SignedHead = z.infer<typeof signedHead>;

/** The log's running hash with one event more: SHA-256 over the running hash and the event's, both as hex. */
export const extendLogHash = (logHash: string, event: Pick<RecordedEvent, 'hash'>): string =>
  hash('sha256', logHash + event.hash);

export { genesisHash as emptyLogHash };

/** A head as one line of a file of heads. Ed25519 over RFC 8785 of the head. */
export const signHead = (head: LogHead, key: KeyObject): string => {
  const signature = sign(null, bytesOf(head), key).toString('base64url');
  return JSON.stringify({ ...head, signature });
};

/** Why a line of a file of heads is not to be believed. */
export class LogHeadInvalid extends Error {
  override readonly name = 'LogHeadInvalid';
}

/** The head of a line. Throws {@link LogHeadInvalid} on what is none, is too long, or was not signed by that key. */
export const readHead = (line: string, key: KeyObject): SignedHead => {
  if (line.length > logHeadBytesMax) throw new LogHeadInvalid(`a line of ${line.length} characters is no head`);
  const parsed = signedHead.safeParse(jsonOf(line));
  if (!parsed.success) throw new LogHeadInvalid(`a line is no head: ${parsed.error.issues[0]?.message ?? ''}`);
  const { signature, ...head } = parsed.data;
  if (verify(null, bytesOf(head), key, Buffer.from(signature, 'base64url'))) return parsed.data;
  throw new LogHeadInvalid(`the head at ${head.position} was not signed by this key`);
};

/** What the head after a line names as `previous`. */
export const lineHash = (line: string): string => hash('sha256', line);

/** The newest event of a stream, as heads list it. */
export const streamHead = (event: {
  stream: StreamName;
  revision: bigint;
  hash: string;
}): LogHead['streams'][number] => [event.stream, Number(event.revision), event.hash];

const bytesOf = (head: LogHead): Buffer => {
  const text = canonicalize(head);
  if (text === undefined) throw new Error('BUG: a head has no canonical form');
  return Buffer.from(text);
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
