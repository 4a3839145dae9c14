import { createThrottle } from '#edge';
import { type AttestationHandlers, AttestationRefused, type Clock } from '#events';
import type { createChipIssuer } from './chips/issue-chip.ts';
import type { Enrolment } from './enrolment/enrolment.ts';
import type { ImaSpool } from './evidence/ima-spool.ts';
import { imaPartEveryMs, imaPartsBurst, requestEveryMs, requestsBurst, throttledMinersMax } from './limits.ts';
import type { Rounds } from './rounds/rounds.ts';

export type HandlerParts = {
  readonly clock: Clock;
  readonly rounds: Rounds;
  readonly enrolment: Enrolment;
  readonly chip: ReturnType<typeof createChipIssuer>;
  readonly spool: ImaSpool;
  /** Whether the miner is one of this network's, enrolled. Its credentials say who it is; this says that it may be here. */
  readonly isEnrolled: (minerId: string) => boolean;
};

/** What an attestor answers. A miner that asks without a pause is refused, so that it costs the others nothing. */
export const createHandlers = (parts: HandlerParts): AttestationHandlers => {
  const { clock, rounds, enrolment, chip, spool } = parts;
  const requests = createThrottle({
    clock,
    burst: requestsBurst,
    everyMs: requestEveryMs,
    keysMax: throttledMinersMax,
  });
  const lists = createThrottle({ clock, burst: imaPartsBurst, everyMs: imaPartEveryMs, keysMax: throttledMinersMax });

  const admitted = (throttle: typeof requests, minerId: string): void => {
    if (!parts.isEnrolled(minerId)) {
      throw new AttestationRefused('miner-not-enrolled', `miner ${minerId} has not enrolled here, or not yet`, 1_000);
    }
    const waitMs = throttle(minerId);
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1_000);
      throw new AttestationRefused('throttled', `this miner asks too often; ask again in ${seconds} s`, waitMs);
    }
  };

  return {
    challenge: async (minerId) => {
      admitted(requests, minerId);
      return rounds.challenge(minerId);
    },
    enrol: async (minerId, message) => {
      admitted(requests, minerId);
      return enrolment.enrol(minerId, message);
    },
    activate: async (minerId, message) => {
      admitted(requests, minerId);
      return enrolment.activate(minerId, message);
    },
    chip: async (minerId, message) => {
      admitted(requests, minerId);
      return chip(message);
    },
    ima: async (minerId, message) => {
      admitted(lists, minerId);
      return spool.take(minerId, message);
    },
    evidence: async (minerId, { evidence }) => {
      admitted(requests, minerId);
      return rounds.appraise(minerId, evidence);
    },
  };
};
