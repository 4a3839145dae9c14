import { z } from 'zod';
import { sshKeyLineLengthMax } from '#domain';
import { accountId, depositId, microCredits, role, sha256Hex, tokenId } from '#events';
import { listQuery } from './lists.ts';
import { listAt } from './moments.ts';

const name = z.string().min(1).max(200);

export const accountPath = z.strictObject({ accountId });
export const newAccount = z.strictObject({ accountId, name });
export const newCredits = z.strictObject({ depositId, amount: microCredits, note: z.string().max(2_000).default('') });
// One line more than the rule allows, so that the rule itself says what is wrong with a long one.
export const newSshKey = z.strictObject({ publicKey: z.string().max(2 * sshKeyLineLengthMax) });
export const fingerprint = z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'expected an OpenSSH SHA256 fingerprint');
export const sshKeyPath = z.strictObject({ accountId, fingerprint });
export const newToken = z.strictObject({ tokenId, role, sha256: sha256Hex, label: name });
export const tokenPath = z.strictObject({ accountId, tokenId });
export const accountList = z.strictObject({
  ...listQuery,
  ...listAt,
  name: name.optional().describe('Only those of exactly this name'),
});
