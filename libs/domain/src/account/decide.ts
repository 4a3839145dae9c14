import { Refusal, unreachable } from '../errors.ts';
import { assertText } from '../values/names.ts';
import type { AccountCommand } from './commands.ts';
import type { AccountEvent } from './events.ts';
import { depositCredits, holdCredits, releaseHold, replaceHold } from './funds.ts';
import { accountNameLengthMax, sshKeysMax, tokenLabelLengthMax, tokensMax } from './limits.ts';
import { parseSshPublicKey } from './ssh-key.ts';
import type { Account, AccountState, ApiToken } from './state.ts';

/** What a command does to an account: events, `[]` when it is already so, or a thrown {@link Refusal}. */
export const decide = (state: AccountState, command: AccountCommand): readonly AccountEvent[] => {
  if (command.type === 'OpenAccount') return openAccount(state, command);
  if (state === null) throw new Refusal('account-not-found', 'there is no such account; an operator opens one');
  switch (command.type) {
    case 'AddSshKey':
      return addSshKey(state, command);
    case 'RemoveSshKey':
      return removeSshKey(state, command);
    case 'IssueApiToken':
      return issueApiToken(state, command);
    case 'RevokeApiToken':
      return revokeApiToken(state, command);
    case 'DepositCredits':
      return depositCredits(state, command);
    case 'HoldCredits':
      return holdCredits(state, command);
    case 'ReplaceHold':
      return replaceHold(state, command);
    case 'ReleaseHold':
      return releaseHold(state, command);
    default:
      return unreachable(command);
  }
};

type Command<Type extends AccountCommand['type']> = Extract<AccountCommand, { type: Type }>;

const openAccount = (state: AccountState, { accountId, name }: Command<'OpenAccount'>): readonly AccountEvent[] => {
  if (state !== null) {
    if (state.accountId === accountId && state.name === name) return [];
    throw new Refusal(
      'account-exists-with-other-content',
      `account ${accountId} exists already with the name ${JSON.stringify(state.name)}; use a new accountId`,
      { accountId },
    );
  }
  assertText('account name', name, 1, accountNameLengthMax);
  return [{ type: 'AccountOpened', accountId, name }];
};

const addSshKey = (account: Account, { line, fingerprint }: Command<'AddSshKey'>): readonly AccountEvent[] => {
  const { keyType, publicKey, comment } = parseSshPublicKey(line);
  if (account.sshKeys.has(fingerprint)) return [];
  if (account.sshKeys.size >= sshKeysMax) {
    throw new Refusal(
      'too-many-ssh-keys',
      `account ${account.accountId} has ${account.sshKeys.size} SSH keys, the most it may have; remove one first`,
      { observed: account.sshKeys.size, max: sshKeysMax },
    );
  }
  return [{ type: 'SshKeyAdded', fingerprint, keyType, publicKey, comment }];
};

const removeSshKey = (account: Account, { fingerprint }: Command<'RemoveSshKey'>): readonly AccountEvent[] => {
  if (account.sshKeys.has(fingerprint)) return [{ type: 'SshKeyRemoved', fingerprint }];
  if (account.removedSshKeys.has(fingerprint)) return [];
  throw new Refusal(
    'ssh-key-not-found',
    `account ${account.accountId} has no SSH key ${fingerprint.slice(0, 80)}; \`hcc key ls\` lists its keys`,
  );
};

const issueApiToken = (account: Account, command: Command<'IssueApiToken'>): readonly AccountEvent[] => {
  const { tokenId, role, sha256, label } = command;
  const known = account.tokens.get(tokenId) ?? account.revokedTokens.get(tokenId);
  if (known !== undefined) {
    if (sameToken(known, command)) return [];
    throw new Refusal(
      'token-exists-with-other-content',
      `API token ${tokenId} was issued already with other content; use a new tokenId`,
      { tokenId },
    );
  }
  assertText('API token label', label, 1, tokenLabelLengthMax);
  // A secret under two ids would outlive the revocation of one of them.
  if ([...account.tokens.values()].some((token) => token.sha256 === sha256)) {
    throw new Refusal(
      'token-exists-with-other-content',
      `the secret of API token ${tokenId} is in use by another token of this account; make a new secret`,
      { tokenId },
    );
  }
  if (account.tokens.size >= tokensMax) {
    throw new Refusal(
      'too-many-tokens',
      `account ${account.accountId} has ${account.tokens.size} API tokens, the most it may have; revoke one first`,
      { observed: account.tokens.size, max: tokensMax },
    );
  }
  return [{ type: 'ApiTokenIssued', tokenId, role, sha256, label }];
};

const sameToken = (token: ApiToken, command: Command<'IssueApiToken'>): boolean =>
  token.role === command.role && token.sha256 === command.sha256 && token.label === command.label;

const revokeApiToken = (account: Account, { tokenId }: Command<'RevokeApiToken'>): readonly AccountEvent[] => {
  if (account.tokens.has(tokenId)) return [{ type: 'ApiTokenRevoked', tokenId }];
  if (account.revokedTokens.has(tokenId)) return [];
  throw new Refusal('token-not-found', `account ${account.accountId} has no API token ${tokenId}`, { tokenId });
};
