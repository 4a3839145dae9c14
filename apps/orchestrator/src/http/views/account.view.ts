import type { AccountRow, SshKeyRow, TokenRow } from '../../projections/accounts.projection.ts';

export const accountView = ({ account, openedAt }: AccountRow) => ({
  accountId: account.accountId,
  name: account.name,
  available: account.available.toString(),
  held: account.held.toString(),
  deposited: account.deposited.toString(),
  openedAt,
});

export const sshKeyView = ({ fingerprint, keyType, publicKey, comment, addedAt }: SshKeyRow) => ({
  fingerprint,
  keyType,
  publicKey,
  comment,
  addedAt,
});

/** A token without its digest: nobody needs that to revoke it. */
export const tokenView = ({ tokenId, role, label, issuedAt }: TokenRow) => ({ tokenId, role, label, issuedAt });
