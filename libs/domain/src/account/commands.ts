import type { AccountId, DepositId, HoldId, TokenId, VmId } from '../values/ids.ts';
import type { MicroCredits } from '../values/money.ts';
import type { UnixMs } from '../values/time.ts';
import type { Role } from './events.ts';

type At = { readonly now: UnixMs };

export type AccountCommand = At &
  (
    | { readonly type: 'OpenAccount'; readonly accountId: AccountId; readonly name: string }
    | {
        readonly type: 'AddSshKey';
        /** One authorized_keys line as the person gave it; decide reads and normalises it. */
        readonly line: string;
        /** SHA-256 of the key blob, computed at the door because `domain` has no hash. */
        readonly fingerprint: string;
      }
    | { readonly type: 'RemoveSshKey'; readonly fingerprint: string }
    | {
        readonly type: 'IssueApiToken';
        readonly tokenId: TokenId;
        readonly role: Role;
        readonly sha256: string;
        readonly label: string;
      }
    | { readonly type: 'RevokeApiToken'; readonly tokenId: TokenId }
    | {
        readonly type: 'DepositCredits';
        readonly depositId: DepositId;
        readonly amount: MicroCredits;
        readonly source: 'operator-grant';
        readonly note: string;
      }
    | {
        readonly type: 'HoldCredits';
        readonly holdId: HoldId;
        readonly vmId: VmId;
        readonly amount: MicroCredits;
        /** What must be available before the hold: the amount, or the minimum for creating a VM if that is more. */
        readonly required: MicroCredits;
      }
    | {
        /** Holds another amount for a VM in place of what is held, in one decision: nothing is free in between. */
        readonly type: 'ReplaceHold';
        readonly replaces: HoldId;
        readonly holdId: HoldId;
        readonly vmId: VmId;
        readonly amount: MicroCredits;
      }
    | { readonly type: 'ReleaseHold'; readonly holdId: HoldId; readonly reason: string }
  );
