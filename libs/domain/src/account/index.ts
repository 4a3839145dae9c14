import type { Decider } from '../decider.ts';
import type { AccountCommand } from './commands.ts';
import { decide } from './decide.ts';
import type { AccountEvent } from './events.ts';
import { evolve } from './evolve.ts';
import type { AccountState } from './state.ts';

/** The rules of one `account-<id>` stream. */
export const account: Decider<AccountState, AccountCommand, AccountEvent> = { initial: null, decide, evolve };
