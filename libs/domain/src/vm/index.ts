import type { Decider } from '../decider.ts';
import type { VmCommand } from './commands.ts';
import { decide } from './decide.ts';
import type { VmEvent } from './events.ts';
import { evolve } from './evolve.ts';
import type { VmState } from './state.ts';

/** The rules of one `vm-<id>` stream. */
export const vm: Decider<VmState, VmCommand, VmEvent> = { initial: null, decide, evolve };
