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

export type RefusedHold = { readonly vmId: VmId; readonly amount: MicroCredits };
export type Deposit = { readonly amount: MicroCredits; readonly note: string };
export type ApiToken = { readonly role: Role; readonly sha256: string; readonly label: string };

/** available + held = deposited, after every event. */
export type Account = {
  readonly accountId: AccountId;
  readonly name: string;
  /** Deposited and neither held nor spent. */
  readonly available: MicroCredits;
  /** Sum of the open holds. */
  readonly held: MicroCredits;
  readonly deposited: MicroCredits;
  /** Holds that hold something. */
  readonly holds: ReadonlyMap<HoldId, Hold>;
  /** The last released and refused ones, so that a repeated command finds what it did. */
  readonly closedHolds: ReadonlyMap<HoldId, Hold>;
  readonly refusedHolds: ReadonlyMap<HoldId, RefusedHold>;
  /** All of them: a forgotten deposit could be paid a second time. */
  readonly deposits: ReadonlyMap<DepositId, Deposit>;
  /** Public key by fingerprint. */
  readonly sshKeys: ReadonlyMap<string, string>;
  readonly removedSshKeys: ReadonlyMap<string, string>;
  /** Tokens that open doors, and the last ones that no longer do. */
  readonly tokens: ReadonlyMap<TokenId, ApiToken>;
  readonly revokedTokens: ReadonlyMap<TokenId, ApiToken>;
};

/** `null` before the first event. */
export type AccountState = Account | null;
