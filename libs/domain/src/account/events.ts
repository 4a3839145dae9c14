import type { AccountId, DepositId, HoldId, TokenId, VmId } from '../values/ids.ts';
import type { MicroCredits } from '../values/money.ts';

// These names and fields are the stored format of `account-<id>`. They change only with a new version and an upcaster.

/** What a bearer of an API token may do. `operator` runs the network, `owner` acts for one account, `viewer` reads everything. */
export type Role = 'operator' | 'owner' | 'viewer';

export type SshKeyType = 'ssh-ed25519' | 'ssh-rsa';

export type AccountEvent =
  | { readonly type: 'AccountOpened'; readonly accountId: AccountId; readonly name: string }
  | {
      readonly type: 'SshKeyAdded';
      /** `SHA256:` and unpadded base64, as OpenSSH prints it. */
      readonly fingerprint: string;
      readonly keyType: SshKeyType;
      /** Type and base64 blob, one space between, no comment. */
      readonly publicKey: string;
      readonly comment: string;
    }
  | { readonly type: 'SshKeyRemoved'; readonly fingerprint: string }
  | {
      readonly type: 'ApiTokenIssued';
      readonly tokenId: TokenId;
      readonly role: Role;
      /** SHA-256 of the bearer's 256 random bits. The secret itself is made by the client and never reaches the store. */
      readonly sha256: string;
      readonly label: string;
    }
  | { readonly type: 'ApiTokenRevoked'; readonly tokenId: TokenId }
  | {
      readonly type: 'CreditsDeposited';
      readonly depositId: DepositId;
      readonly amount: MicroCredits;
      readonly source: 'operator-grant';
      readonly note: string;
    }
  | { readonly type: 'CreditsHeld'; readonly holdId: HoldId; readonly vmId: VmId; readonly amount: MicroCredits }
  | {
      readonly type: 'HoldRefused';
      readonly holdId: HoldId;
      readonly vmId: VmId;
      readonly amount: MicroCredits;
      readonly available: MicroCredits;
      readonly required: MicroCredits;
    }
  | {
      readonly type: 'HoldReleased';
      readonly holdId: HoldId;
      readonly vmId: VmId;
      readonly amount: MicroCredits;
      readonly reason: string;
    };
