import {
  type EventData,
  type KurrentDBClient,
  MaxAppendSizeExceededError,
  NO_STREAM,
  WrongExpectedVersionError,
} from '@kurrent/kurrentdb-client';
import {
  type AdmittedEvent,
  type Appended,
  admitAppend,
  ConcurrencyConflict,
  type EventStore,
  type ExpectedRevision,
  firstRevision,
  InvalidAppend,
  linkHash,
  type Positions,
  type RecordedEvent,
  readPageEventsMax,
  type StreamName,
} from '#events';
import { storeFault } from './faults.ts';
import type { Known, KnownStreams } from './known-streams.ts';
import { racesMax } from './limits.ts';
import type { Link } from './link.ts';
import type { Reader } from './reader.ts';
import { chain } from './records.ts';

type Request = {
  readonly stream: StreamName;
  readonly events: readonly AdmittedEvent[];
  readonly first: bigint;
  readonly expected: ExpectedRevision;
};

/** Appends to one store: those to one stream one after the other, those to different streams together. */
export type Appender = {
  readonly append: EventStore['append'];
  /** Resolves when every append that was accepted has come to its end. */
  settled(): Promise<void>;
};

export type AppenderParts = {
  readonly link: Link;
  readonly reader: Reader;
  readonly known: KnownStreams;
  readonly positions: Positions;
  /** Called after each append that was recorded. */
  readonly appended: () => void;
};

/**
 * The chain is written safely because each append names the exact revision it was chained to: the server refuses it when
 * anything else came there first, and what lies before that revision never changes.
 */
export const createAppender = (parts: AppenderParts): Appender => {
  const last = new Map<StreamName, Promise<unknown>>();
  const inTurn = <Result>(stream: StreamName, work: () => Promise<Result>): Promise<Result> => {
    const before = last.get(stream) ?? Promise.resolve();
    const done = before.then(work, work);
    last.set(stream, done);
    const leave = () => {
      if (last.get(stream) === done) last.delete(stream);
    };
    done.then(leave, leave);
    return done;
  };
  return {
    append: async (stream, events, expected) => {
      const first = firstRevision(stream, expected);
      const request: Request = { stream, first, expected, events: admitAppend(stream, events) };
      return inTurn(stream, () => appendOne(parts, request));
    },
    settled: async () => {
      await Promise.allSettled(last.values());
    },
  };
};

const appendOne = async (parts: AppenderParts, request: Request): Promise<Appended> => {
  const { stream, first, expected, events } = request;
  for (let race = 0; race < racesMax; race += 1) {
    let known = parts.known.of(stream);
    if (race > 0 || first > known.revision + 1n) known = await catchUp(parts, stream, known.revision);
    if (first !== known.revision + 1n) return repeatedOrConflict(parts, request, known);
    const duplicate = events.find(({ eventId }) => known.ids.has(eventId));
    if (duplicate !== undefined) throw new ConcurrencyConflict(stream, expected, expected, duplicate.eventId);
    const written = await write(parts, request, known);
    if (written !== null) return written;
  }
  throw storeFault(parts.link.shown, 'busy', `an append to ${stream} lost ${racesMax} races in a row`);
};

/** `null` when something else came first. */
const write = async (parts: AppenderParts, request: Request, known: Known): Promise<Appended | null> => {
  const { link, reader, positions } = parts;
  const { stream, events } = request;
  const { wire, links } = chain(stream, events, known);
  const end = links.at(-1);
  if (end === undefined) throw new Error('BUG: an admitted append has events');
  const streamState = known.revision === -1n ? NO_STREAM : known.revision;
  const answer = await link.run(`append to ${stream}`, 'write', (client) =>
    send(client, `${link.prefix}${stream}`, wire, streamState),
  );
  if (answer === 'wrong-version') return null;
  // Of several events, and of a repeat, it is not promised whose position the answer has: the last event tells itself.
  const position =
    answer !== null && events.length === 1
      ? positions.of(answer)
      : (await reader.readStream(stream, end.revision, 1)).at(0)?.position;
  if (position === undefined) throw storeFault(link.shown, 'corrupt', `event ${end.revision} of ${stream} is gone`);
  parts.known.learn(stream, links);
  reader.saw(positions.countOf(position));
  parts.appended();
  return { revision: end.revision, position };
};

const send = async (
  client: KurrentDBClient,
  stream: string,
  wire: readonly EventData[],
  streamState: bigint | typeof NO_STREAM,
): Promise<number | null | 'wrong-version'> => {
  try {
    const { position } = await client.appendToStream(stream, [...wire], { streamState, requiresLeader: true });
    return position === undefined ? null : Number(position.commit);
  } catch (error) {
    if (error instanceof WrongExpectedVersionError) return 'wrong-version';
    if (!(error instanceof MaxAppendSizeExceededError)) throw error;
    const detail = `an append to ${stream} is over the server's ${error.maxAppendSize} bytes; split the command, or start the server with a higher --max-append-size`;
    throw new InvalidAppend('too-large', detail);
  }
};

/** Reads on from what is known to the end of a stream, and checks the links it follows. */
const catchUp = async ({ link, reader, known }: AppenderParts, stream: StreamName, from: bigint): Promise<Known> => {
  for (let next = from + 1n; ; ) {
    const page = await reader.readStream(stream, next, readPageEventsMax);
    if (!known.learn(stream, page)) {
      throw storeFault(link.shown, 'corrupt', `the chain of ${stream} does not hold at revision ${next} or after it`);
    }
    if (page.length < readPageEventsMax) return known.of(stream);
    next += BigInt(page.length);
  }
};

/** The first result of an append that is recorded already, event for event and byte for byte; else the conflict. */
const repeatedOrConflict = async (parts: AppenderParts, request: Request, known: Known): Promise<Appended> => {
  const { stream, first, expected, events } = request;
  // An id the stream does not have cannot be repeated: most who lose a race are told without a read.
  const mayBeRepeat = first <= known.revision && events.every(({ eventId }) => known.ids.has(eventId));
  const there = mayBeRepeat ? await parts.reader.readStream(stream, first, events.length) : [];
  const same = events.every((event, index) => isSame(event, there[index]));
  const last = there.at(-1);
  if (same && last !== undefined) return { revision: last.revision, position: last.position };
  throw new ConcurrencyConflict(stream, expected, known.revision === -1n ? 'no-stream' : known.revision);
};

const isSame = (event: AdmittedEvent, row: RecordedEvent | undefined): boolean =>
  row !== undefined && linkHash(event, row.stream, row.revision, row.prevHash) === row.hash;
