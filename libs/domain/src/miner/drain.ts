import { Refusal } from '../errors.ts';
import { assertText } from '../values/names.ts';
import { formatInstant } from '../values/time.ts';
import type { MinerCommand } from './commands.ts';
import type { MinerEvent } from './events.ts';
import { drainReasonLengthMax } from './limits.ts';
import type { Miner } from './state.ts';

type DrainMiner = Extract<MinerCommand, { type: 'DrainMiner' }>;

/**
 * Places nothing more on a miner. Its VMs go on: their disks are there, and only their owners end them. It is drained
 * when nothing is left, which may be at once. A drain under way takes a new reason or deadline.
 */
export const drainMiner = (miner: Miner, { reason, deadlineAt, now }: DrainMiner): readonly MinerEvent[] => {
  if (miner.drain?.reason === reason && miner.drain.deadlineAt === deadlineAt) return [];
  assertText('reason of a drain', reason, 1, drainReasonLengthMax);
  if (deadlineAt !== null && deadlineAt <= now) {
    throw new Refusal(
      'drain-deadline-passed',
      `the drain of miner ${miner.minerId} was to end by ${formatInstant(deadlineAt)}, which has passed; name a later time, or none`,
    );
  }
  const started: MinerEvent = { type: 'MinerDrainStarted', reason, deadlineAt };
  return miner.allocations.size === 0 ? [started, { type: 'MinerDrained' }] : [started];
};

/** Lets VMs be placed on the miner again. */
export const undrainMiner = (miner: Miner): readonly MinerEvent[] =>
  miner.drain === null ? [] : [{ type: 'MinerUndrained' }];

/** What the last VM's leaving adds: only then is a draining miner drained. */
export const drainedBy = (miner: Miner, leaving: number): readonly MinerEvent[] =>
  miner.drain !== null && miner.allocations.size === leaving ? [{ type: 'MinerDrained' }] : [];
