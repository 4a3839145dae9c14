import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DoorProblem } from '#edge';
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
  ofAddress(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  ofCaller(request: FastifyRequest, reply: FastifyReply): Promise<void>;
};

const windowMs = 60_000;

/** Counts in memory, for a bounded number of callers; each orchestrator counts for itself. */
export const openRates = async (fastify: FastifyInstance, limits: RateLimits): Promise<Rates> => {
  await fastify.register(rateLimit, { global: false, cache: rateKeysMax });
  const limit = (perMinute: number, whose: string, keyOf: (request: FastifyRequest) => string) => {
    if (perMinute === 0) return async (): Promise<void> => undefined;
    const check = fastify.createRateLimit({ max: perMinute, timeWindow: windowMs, keyGenerator: keyOf });
    return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
      const found = await check(request);
      if (found.isAllowed) return;
      reply.header('ratelimit-limit', `${found.max}`);
      reply.header('ratelimit-remaining', `${found.remaining}`);
      reply.header('ratelimit-reset', `${found.ttlInSeconds}`);
      if (!found.isExceeded) return;
      reply.header('retry-after', `${found.ttlInSeconds}`);
      throw new DoorProblem(
        'rate-limited',
        `${whose} may ask ${perMinute} times a minute, and has; ask again in ${found.ttlInSeconds} s`,
        { wanted: perMinute, retryAfterSeconds: found.ttlInSeconds },
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
