import { unreachable } from '../errors.ts';
import { addCredits, microCredits, subtractCredits } from '../values/money.ts';
import { withEntry, withoutEntry, withRecent } from '../values/recent.ts';
import type { AccountEvent } from './events.ts';
import { rememberedMax } from './limits.ts';
import type { Account, AccountState } from './state.ts';

/** The account after one more event. Total: an event that makes no sense here leaves the state as it was. */
export const evolve = (state: AccountState, event: AccountEvent): AccountState => {
  if (event.type === 'AccountOpened') return state ?? opened(event);
  return state === null ? null : evolveAccount(state, event);
};

type Event<Type extends AccountEvent['type']> = Extract<AccountEvent, { type: Type }>;

const opened = ({ accountId, name }: Event<'AccountOpened'>): Account => ({
  accountId,
  name,
  available: microCredits(0n),
  held: microCredits(0n),
  deposited: microCredits(0n),
  holds: new Map(),
  closedHolds: new Map(),
  refusedHolds: new Map(),
  deposits: new Map(),
  sshKeys: new Map(),
  removedSshKeys: new Map(),
  tokens: new Map(),
  revokedTokens: new Map(),
});

const evolveAccount = (account: Account, event: Exclude<AccountEvent, Event<'AccountOpened'>>): Account => {
  switch (event.type) {
    case 'SshKeyAdded':
      return {
        ...account,
        sshKeys: withEntry(account.sshKeys, event.fingerprint, event.publicKey),
        removedSshKeys: withoutEntry(account.removedSshKeys, event.fingerprint),
      };
    case 'SshKeyRemoved':
      return {
        ...account,
        sshKeys: withoutEntry(account.sshKeys, event.fingerprint),
        removedSshKeys: withRecent(
          account.removedSshKeys,
          event.fingerprint,
          account.sshKeys.get(event.fingerprint) ?? '',
          rememberedMax,
        ),
      };
    case 'ApiTokenIssued': {
      const { tokenId, role, sha256, label } = event;
      return { ...account, tokens: withEntry(account.tokens, tokenId, { role, sha256, label }) };
    }
    case 'ApiTokenRevoked':
      return tokenRevoked(account, event);
    case 'CreditsDeposited':
      return deposited(account, event);
    case 'CreditsHeld':
      return held(account, event);
    case 'HoldRefused': {
      const { holdId, vmId, amount } = event;
      return { ...account, refusedHolds: withRecent(account.refusedHolds, holdId, { vmId, amount }, rememberedMax) };
    }
    case 'HoldReleased':
      return released(account, event);
    default:
      return unreachable(event);
  }
};

const tokenRevoked = (account: Account, { tokenId }: Event<'ApiTokenRevoked'>): Account => {
  const token = account.tokens.get(tokenId);
  if (token === undefined) return account;
  return {
    ...account,
    tokens: withoutEntry(account.tokens, tokenId),
    revokedTokens: withRecent(account.revokedTokens, tokenId, token, rememberedMax),
  };
};

const deposited = (account: Account, { depositId, amount, note }: Event<'CreditsDeposited'>): Account => {
  if (account.deposits.has(depositId)) return account;
  return {
    ...account,
    available: addCredits(account.available, amount),
    deposited: addCredits(account.deposited, amount),
    deposits: withEntry(account.deposits, depositId, { amount, note }),
  };
};

const held = (account: Account, { holdId, vmId, amount }: Event<'CreditsHeld'>): Account => {
  if (account.holds.has(holdId) || account.closedHolds.has(holdId)) return account;
  return {
    ...account,
    available: subtractCredits(account.available, amount),
    held: addCredits(account.held, amount),
    holds: withEntry(account.holds, holdId, { vmId, firstHeld: amount, held: amount, released: microCredits(0n) }),
  };
};

const released = (account: Account, { holdId, amount }: Event<'HoldReleased'>): Account => {
  const hold = account.holds.get(holdId);
  if (hold === undefined) return account;
  const after = { ...hold, held: subtractCredits(hold.held, amount), released: addCredits(hold.released, amount) };
  const isOpen = after.held !== 0n;
  return {
    ...account,
    available: addCredits(account.available, amount),
    held: subtractCredits(account.held, amount),
    holds: isOpen ? withEntry(account.holds, holdId, after) : withoutEntry(account.holds, holdId),
    closedHolds: isOpen ? account.closedHolds : withRecent(account.closedHolds, holdId, after, rememberedMax),
  };
};
