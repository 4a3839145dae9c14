import type { Decider } from '../decider.ts';
import type { MinerCommand } from './commands.ts';
import { decide } from './decide.ts';
import type { MinerEvent } from './events.ts';
import { evolve } from './evolve.ts';
import type { MinerState } from './state.ts';

/** The rules of one `miner-<id>` stream. */
export const miner: Decider<MinerState, MinerCommand, MinerEvent> = { initial: null, decide, evolve };
