import type { AccountId, DepositId, HoldId, TokenId, VmId } from '../values/ids.ts';
import type { MicroCredits } from '../values/money.ts';
import type { Role } from './events.ts';

/** For every hold: held + released = first held (captures join the sum with billing). */
export type Hold = {
  readonly vmId: VmId;
  readonly firstHeld: MicroCredits;
  readonly held: MicroCredits;
  readonly released: MicroCredits;
};

export type Account = {
  readonly accountId: AccountId;
  readonly name: string;
  /** Deposited and neither held nor spent. */
  readonly available: MicroCredits;
  readonly deposited: MicroCredits;
  /** Open and closed holds: a repeated command must find what it did. Closed ones leave with billing's snapshots. */
  readonly holds: ReadonlyMap<HoldId, Hold>;
  readonly refusedHolds: ReadonlySet<HoldId>;
  readonly deposits: ReadonlyMap<DepositId, MicroCredits>;
  readonly sshKeys: ReadonlyMap<string, string>;
  readonly tokens: ReadonlyMap<TokenId, { readonly role: Role; readonly sha256: string; readonly revoked: boolean }>;
};

/** `null` before the first event. */
export type AccountState = Account | null;
