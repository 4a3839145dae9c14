import { type Miner, type MinerEvent, miner } from '#domain';

const none: Miner['settled'] = new Map();

/**
 * A miner after an event, without what is over: its own stream remembers that and checks every reservation again. In a
 * fold of all miners it would be a thousand ids for each, copied with every one more.
 */
export const liveMiner = (before: Miner | null, event: MinerEvent): Miner | null => {
  const after = miner.evolve(before, event);
  return after === null ? null : { ...after, settled: none };
};
