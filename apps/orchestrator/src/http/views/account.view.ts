import { z } from 'zod';
import { accountId, instant, microCredits, role, tokenId } from '#events';
import type { AccountRow, SshKeyRow, TokenRow } from '../../projections/accounts.projection.ts';
import { asOf } from '../schemas/moments.ts';
import { type StaleView, staleAnswer } from './stale.view.ts';

export const accountAnswer = z
  .strictObject({
    accountId,
    name: z.string(),
    available: microCredits.describe('What may be spent or held, in micro-credits'),
    held: microCredits.describe('Set aside for VMs that are wanted, in micro-credits'),
    deposited: microCredits.describe('All that was ever paid in, in micro-credits'),
    openedAt: instant,
    stale: staleAnswer.nullable(),
    asOf: asOf.optional(),
  })
  .meta({ id: 'Account' });

export const accountView = ({ account, openedAt }: AccountRow, stale: StaleView): z.input<typeof accountAnswer> => ({
  accountId: account.accountId,
  name: account.name,
  available: account.available.toString(),
  held: account.held.toString(),
  deposited: account.deposited.toString(),
  openedAt,
  stale,
});

export const sshKeyAnswer = z
  .strictObject({
    fingerprint: z.string().describe('As OpenSSH prints it: SHA256: and unpadded base64'),
    keyType: z.string(),
    publicKey: z.string(),
    comment: z.string(),
    addedAt: instant,
  })
  .meta({ id: 'SshKey' });

export const sshKeyView = (key: SshKeyRow): z.input<typeof sshKeyAnswer> => {
  const { fingerprint, keyType, publicKey, comment, addedAt } = key;
  return { fingerprint, keyType, publicKey, comment, addedAt };
};

export const tokenAnswer = z
  .strictObject({ tokenId, role, label: z.string(), issuedAt: instant })
  .meta({ id: 'ApiToken' });

/** A token without its digest: nobody needs that to revoke it. */
export const tokenView = ({ tokenId, role, label, issuedAt }: TokenRow): z.input<typeof tokenAnswer> => ({
  tokenId,
  role,
  label,
  issuedAt,
});
