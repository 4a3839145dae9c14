import { KurrentDBClient } from '@kurrent/kurrentdb-client';
import { type Clock, passes, type StoreFault, type StoreUnavailable } from '#events';
import type { StoreAddress } from './connection-string.ts';
import { CallTimedOut, observed, storeFault, verdictOf } from './faults.ts';
import { callTimeoutMs, patienceMs, redirectsMax, retryMaxMs, retryMs } from './limits.ts';

/** A client that somebody is using. */
export type Held = {
  readonly client: KurrentDBClient;
  /** Given back; `isBroken` makes the next one get another client. */
  release(isBroken: boolean): void;
};

type Effect = 'read' | 'write';

/** The way to the server: one client at a time, thrown away and built anew when it is of no more use. */
export type Link = {
  /** Where it leads, without credentials. */
  readonly shown: string;
  /** In front of every stream name. */
  readonly prefix: string;
  /** Who we are, for every read. */
  readonly asUser: StoreAddress['asUser'];
  /**
   * Repeats a call while what fails is passing; a write must be one that can be repeated. Throws StoreUnavailable, or
   * the answer that is the caller's to handle.
   */
  run<Result>(what: string, effect: Effect, call: (client: KurrentDBClient) => Promise<Result>): Promise<Result>;
  hold(): Held;
  /** Fails what is called from now on, and what still waits for its next try. */
  close(): Promise<void>;
};

export type LinkOptions = {
  readonly address: StoreAddress;
  readonly clock: Clock;
  readonly patienceMs?: number;
  readonly callTimeoutMs?: number;
};

type Shared = { readonly client: KurrentDBClient; users: number; isDiscarded: boolean };

/** Connects when first used. */
export const createLink = (options: LinkOptions): Link => {
  const { address, clock } = options;
  const closing = new AbortController();
  let current: Shared | null = null;

  const retire = (shared: Shared): void => {
    if (shared.isDiscarded && shared.users === 0) void shared.client.dispose();
  };
  const hold = (): Held => {
    if (closing.signal.aborted) throw storeFault(address.shown, 'closed', 'it is closed');
    const shared: Shared = current ?? { client: build(address), users: 0, isDiscarded: false };
    current = shared;
    shared.users += 1;
    return {
      client: shared.client,
      release: (isBroken) => {
        shared.users -= 1;
        if (isBroken || closing.signal.aborted) {
          shared.isDiscarded = true;
          if (current === shared) current = null;
        }
        retire(shared);
      },
    };
  };

  const attempt = async <Result>(call: (client: KurrentDBClient) => Promise<Result>, failures: number) => {
    const held = hold();
    let isBroken = false;
    try {
      return { result: await inTime(clock, options.callTimeoutMs ?? callTimeoutMs, call(held.client)) };
    } catch (error) {
      const verdict = verdictOf(error);
      isBroken = verdict !== null && (verdict.endsClient || failures >= redirectsMax);
      if (verdict === null) throw error;
      return { error, verdict };
    } finally {
      held.release(isBroken);
    }
  };

  const run: Link['run'] = async (what, effect, call) => {
    const until = clock.now() + (options.patienceMs ?? patienceMs);
    let isInDoubt = false;
    for (let failures = 0; ; failures += 1) {
      const tried = await attempt(call, failures);
      if ('result' in tried) return tried.result;
      isInDoubt ||= effect === 'write' && tried.verdict.mayBeDone;
      const pauseMs = Math.min(retryMs * 2 ** failures, retryMaxMs);
      if (!passes(tried.verdict.fault) || closing.signal.aborted || clock.now() + pauseMs > until) {
        throw failed(address, what, tried.error, isInDoubt ? 'in-doubt' : tried.verdict.fault);
      }
      await clock.sleep(pauseMs, closing.signal);
    }
  };

  return {
    shown: address.shown,
    prefix: address.prefix,
    asUser: address.asUser,
    run,
    hold,
    close: async () => {
      closing.abort();
      const last = current;
      current = null;
      await last?.client.dispose();
    },
  };
};

/** The client's errors can carry the connection string: only what was redacted goes on. */
const failed = ({ shown, redact }: StoreAddress, what: string, error: unknown, fault: StoreFault): StoreUnavailable => {
  const said = redact(observed(error));
  const happened = fault === 'in-doubt' ? `nobody knows whether "${what}" was recorded` : `"${what}" failed`;
  return storeFault(shown, fault, `${happened}: ${said}`);
};

const build = ({ connectionString, shown, redact }: StoreAddress): KurrentDBClient => {
  try {
    return KurrentDBClient.connectionString(connectionString);
  } catch (error) {
    throw storeFault(shown, 'not-a-store', `the client refuses its address: ${redact(observed(error))}`);
  }
};

const inTime = async <Result>(clock: Clock, ms: number, work: Promise<Result>): Promise<Result> => {
  const done = new AbortController();
  const late = clock.sleep(ms, done.signal).then((): never => {
    throw new CallTimedOut(`it did not answer within ${ms} ms`);
  });
  // Whichever loses is nobody's business any more.
  late.catch(() => undefined);
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
  }
};
