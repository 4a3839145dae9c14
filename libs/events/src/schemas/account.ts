import { z } from 'zod';
import type { AccountEvent } from '#domain';
import {
  accountId,
  depositId,
  holdId,
  longText,
  microCredits,
  sha256Hex,
  shortText,
  sshKeyText,
  tokenId,
  vmId,
} from './values.ts';
import type { EventSchemas } from './vm.ts';

export const role = z.enum(['operator', 'owner', 'viewer']);

const fingerprint = z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'expected an OpenSSH SHA256 fingerprint');

/** Stored form, version 1, of every event on `account-<id>`. */
export const accountEvents = {
  AccountOpened: z.strictObject({ accountId, name: shortText }),
  SshKeyAdded: z.strictObject({
    fingerprint,
    keyType: z.enum(['ssh-ed25519', 'ssh-rsa']),
    publicKey: sshKeyText,
    comment: shortText,
  }),
  SshKeyRemoved: z.strictObject({ fingerprint }),
  ApiTokenIssued: z.strictObject({ tokenId, role, sha256: sha256Hex, label: shortText }),
  ApiTokenRevoked: z.strictObject({ tokenId }),
  CreditsDeposited: z.strictObject({
    depositId,
    amount: microCredits,
    source: z.literal('operator-grant'),
    note: longText,
  }),
  CreditsHeld: z.strictObject({ holdId, vmId, amount: microCredits }),
  HoldRefused: z.strictObject({
    holdId,
    vmId,
    amount: microCredits,
    available: microCredits,
    required: microCredits,
  }),
  HoldReleased: z.strictObject({ holdId, vmId, amount: microCredits, reason: shortText }),
} satisfies EventSchemas<AccountEvent>;
