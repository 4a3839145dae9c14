import type { FastifyReply, FastifyRequest } from 'fastify';
import type { UnixMs } from '#domain';
import { DoorProblem } from '#edge';
import type { Clock } from '#events';
import { actorOf } from './auth/principal.ts';
import { rateKeysMax } from './limits.ts';
import { principalOf } from './request.ts';

/** Requests a minute; 0 for as many as come. */
export type RateLimits = {
  /** From one address, before anything is known of who asks: it bounds how fast tokens can be guessed. */
  readonly addressPerMinute: number;
  /** Of one account, or of one operator's or viewer's token. */
  readonly callerPerMinute: number;
};

/** Generous: a person, a console and a script of theirs never meet them; a loop without a pause does. */
export const generousRates: RateLimits = { addressPerMinute: 120_000, callerPerMinute: 60_000 };

/** Refuses `rate-limited` with the seconds to wait, and says on every answer how much is left (RateLimit headers). */
export type Rates = {
  ofAddress(request: FastifyRequest, reply: FastifyReply): void;
  ofCaller(request: FastifyRequest, reply: FastifyReply): void;
};

const windowMs = 60_000;

type Window = { asked: number; readonly endsAt: UnixMs };

/**
 * Counts in memory, for a bounded number of callers; each orchestrator counts for itself. A caller's minute begins with its
 * first request and is counted in place: nothing is made for a request that is let in.
 */
export const createRates = (clock: Pick<Clock, 'now'>, limits: RateLimits): Rates => {
  const limit = (perMinute: number, whose: string, keyOf: (request: FastifyRequest) => string) => {
    if (perMinute === 0) return (): void => undefined;
    const ask = createWindows(clock);
    return (request: FastifyRequest, reply: FastifyReply): void => {
      const { asked, endsAt } = ask(keyOf(request));
      const seconds = Math.max(1, Math.ceil((endsAt - clock.now()) / 1_000));
      reply.header('ratelimit-limit', `${perMinute}`);
      reply.header('ratelimit-remaining', `${Math.max(0, perMinute - asked)}`);
      reply.header('ratelimit-reset', `${seconds}`);
      if (asked <= perMinute) return;
      reply.header('retry-after', `${seconds}`);
      throw new DoorProblem(
        'rate-limited',
        `${whose} may ask ${perMinute} times a minute, and has; ask again in ${seconds} s`,
        { wanted: perMinute, retryAfterSeconds: seconds },
      );
    };
  };
  return {
    ofAddress: limit(limits.addressPerMinute, 'one address', ({ ip }) => ip),
    ofCaller: limit(limits.callerPerMinute, 'one caller', (request) => {
      const principal = principalOf(request);
      return principal === undefined ? request.ip : actorOf(principal);
    }),
  };
};

/** How often each key asked in its minute. Of too many keys, the one whose minute began first is forgotten. */
const createWindows = (clock: Pick<Clock, 'now'>) => {
  const windows = new Map<string, Window>();
  return (key: string): Window => {
    const now = clock.now();
    const open = windows.get(key);
    // A clock that was set back must not keep anybody out for longer than a minute.
    if (open !== undefined && open.endsAt > now && open.endsAt <= now + windowMs) {
      open.asked += 1;
      return open;
    }
    const begun = { asked: 1, endsAt: now + windowMs };
    windows.delete(key);
    windows.set(key, begun);
    const [oldest] = windows.size > rateKeysMax ? windows.keys() : [];
    if (oldest !== undefined) windows.delete(oldest);
    return begun;
  };
};
