import fc from 'fast-check';

export const victims = [
  ...(['orchestrator', 'attestor', 'nats-server', 'miner-node', 'qemu', 'hccam'] as const),
  ...(['all', 'up'] as const),
] as const;
export type Victim = (typeof victims)[number];

export const deeds = ['create', 'stop', 'start', 'reboot', 'delete', 'none'] as const;
export type Deed = (typeof deeds)[number];

/** One round: something is asked for, and a moment later somebody dies by SIGKILL. */
export type Round = {
  readonly number: number;
  readonly victim: Victim;
  readonly deed: Deed;
  /** Between the answer to the deed and the kill. */
  readonly delayMs: number;
  /** Whether a killed nats-server loses its JetStream store too. */
  readonly wipe: boolean;
};

/** Long enough for a VM to be placed and its guest to be at work. */
const delayMsMax = 4_000;

/**
 * Rounds drawn from a seed. The first ones kill each victim once, and take the bus its store, so that a short run leaves
 * nobody out. Every eighth kills `hcc up` itself and starts it again: it gives up on a program that dies too often, and
 * rightly so.
 */
export const drawRounds = (seed: number, count: number): readonly Round[] => {
  const drawn = fc.sample(
    fc.record({
      victim: fc.constantFrom(...victims.filter((victim) => victim !== 'up')),
      deed: fc.constantFrom(...deeds, 'create', 'delete'),
      // Every moment alike: left to itself it prefers the first and the last.
      delayMs: fc.noBias(fc.integer({ min: 0, max: delayMsMax })),
      wipe: fc.boolean(),
    }),
    { seed, numRuns: count },
  );
  return drawn.map((round, index) => ({
    ...round,
    number: index + 1,
    wipe: round.wipe || index < victims.length,
    victim: victims[index % victims.length === victims.length - 1 ? victims.length - 1 : index] ?? round.victim,
  }));
};

export const wordsOf = ({ number, victim, deed, delayMs, wipe }: Round): string => {
  const lost = wipe && (victim === 'nats-server' || victim === 'all') ? ', and JetStream is wiped' : '';
  return `round ${number}: ${deed}, ${delayMs} ms later ${victim} dies${lost}`;
};
