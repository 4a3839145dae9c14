import type { Miner } from '#domain';

export const minerStatuses = ['invited', 'enrolled', 'attached', 'lost'] as const;
export type MinerStatus = (typeof minerStatuses)[number];

/** How far a miner has come: the word that lists show and are asked by. */
export const minerStatusOf = (miner: Miner): MinerStatus => {
  if (miner.natsPublicKey === null) return 'invited';
  if (miner.attachment === null) return 'enrolled';
  return miner.lost === null ? 'attached' : 'lost';
};
