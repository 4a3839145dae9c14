import {
  MaxAppendSizeExceededError,
  NotLeaderError,
  StreamNotFoundError,
  WrongExpectedVersionError,
} from '@kurrent/kurrentdb-client';
import { type StoreFault, StoreUnavailable } from '#events';

/** What an error of the client means for the call and for the client itself. */
export type Verdict = {
  readonly fault: StoreFault;
  /** Whether the server may have done what was asked. */
  readonly mayBeDone: boolean;
  /** Whether the client is of no use any more: some of its failures are remembered for good. */
  readonly endsClient: boolean;
};

/** A call that was not answered in time. The client itself waits for ever for the answer to an append. */
export class CallTimedOut extends Error {
  override readonly name = 'CallTimedOut';
}

const lost: Verdict = { fault: 'unreachable', mayBeDone: true, endsClient: true };
const notReached: Verdict = { ...lost, mayBeDone: false };
const slow: Verdict = { fault: 'busy', mayBeDone: true, endsClient: true };
const moved: Verdict = { fault: 'not-leader', mayBeDone: false, endsClient: false };
const refused: Verdict = { fault: 'refused', mayBeDone: false, endsClient: false };
const removed: Verdict = { fault: 'corrupt', mayBeDone: false, endsClient: false };
const foreign: Verdict = { fault: 'not-a-store', mayBeDone: false, endsClient: false };
const odd: Verdict = { fault: 'io', mayBeDone: true, endsClient: true };

/** By the client's own word for the error. */
const byType: Readonly<Record<string, Verdict>> = {
  'not-leader': moved,
  unavailable: lost,
  cancelled: lost,
  'deadline-exceeded': slow,
  timeout: slow,
  'access-denied': refused,
  'stream-deleted': removed,
  'stream-tombstoned': removed,
  'not-found': foreign,
  unsupported: foreign,
  unknown: odd,
};

/** By gRPC status code: on some paths the client lets the error of the transport through. */
const byCode: Readonly<Record<number, Verdict>> = {
  1: lost,
  2: odd,
  4: slow,
  7: refused,
  8: { ...slow, endsClient: false },
  10: slow,
  12: foreign,
  13: lost,
  14: lost,
  15: lost,
  16: refused,
};

/** By message: a failed discovery is a plain Error, and the client never discovers again. */
const byMessage: readonly (readonly [RegExp, Verdict])[] = [
  [/Failed to discover|No connection established|ECONNREFUSED/, notReached],
  [/ECONNRESET|EPIPE|write after end|Channel has been shut down|premature close|client error \(Connect\)/i, lost],
];

/** What an error means; `null` for an answer that the caller has to deal with, and for what is no error of the client. */
export const verdictOf = (error: unknown): Verdict | null => {
  if (error instanceof CallTimedOut) return slow;
  if (!(error instanceof Error) || isAnswer(error)) return null;
  const told = byMessage.find(([pattern]) => pattern.test(error.message))?.[1];
  if (told !== undefined) return told;
  const { type, code } = error as { readonly type?: unknown; readonly code?: unknown };
  if (typeof type === 'string') return byType[type] ?? odd;
  return typeof code === 'number' ? (byCode[code] ?? odd) : null;
};

const isAnswer = (error: Error): boolean =>
  error instanceof StreamNotFoundError ||
  error instanceof WrongExpectedVersionError ||
  error instanceof MaxAppendSizeExceededError;

/** What the person who sees a fault should do about it. */
const advice: Readonly<Partial<Record<StoreFault, string>>> = {
  unreachable: 'check that its nodes run and can be reached from here',
  'not-leader': 'wait for the election to end; name all nodes in the address, or use kurrentdb+discover://',
  refused: 'check the user, the password and the rights it has on every stream',
  'in-doubt': 'repeat it: what was recorded is recognised and not recorded twice',
  busy: 'try again; if it stays so, the server is overloaded',
  corrupt: 'stop using it and restore the database from a backup',
  'not-a-store': 'give the address of a KurrentDB of version 24.10 or newer',
  'newer-format': 'use the build that wrote it, or a newer one',
  closed: 'open it again',
  io: "look at the server's log",
};

/** A fault of one store, in words: which, what was observed, what to do. */
export const storeFault = (shown: string, fault: StoreFault, observed: string, cause?: unknown): StoreUnavailable =>
  new StoreUnavailable(fault, `event store ${shown}: ${observed}; ${advice[fault] ?? 'try again'}`, { cause });

/** What was observed, in one line. */
export const observed = (error: unknown): string => {
  if (error instanceof NotLeaderError) {
    return `the node is not the leader (that is ${error.leader.address}:${error.leader.port})`;
  }
  if (!(error instanceof Error)) return String(error);
  const first = error.message.split('\n', 1)[0] ?? '';
  return first === 'UnavailableError' || first === '' ? 'no node answered' : first.slice(0, 300);
};
