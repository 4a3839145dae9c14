import { describe, test } from 'vitest';
import { given } from '../../../../test/domain/given.ts';
import { accountId, newEd25519Line, noon, sha256Of, uuid } from '../../../../test/domain/samples.ts';
import type { TokenId } from '../values/ids.ts';
import type { AccountEvent } from './events.ts';
import { account } from './index.ts';
import { sshKeysMax, tokensMax } from './limits.ts';
import { parseSshPublicKey } from './ssh-key.ts';

const now = noon;
const opened: AccountEvent = { type: 'AccountOpened', accountId, name: 'Alice' };
const line = newEd25519Line('alice@laptop');
const fingerprint = 'SHA256:alice';
const keyAdded = (n = 0): AccountEvent => ({
  type: 'SshKeyAdded',
  fingerprint: n === 0 ? fingerprint : `SHA256:${n}`,
  keyType: 'ssh-ed25519',
  publicKey: parseSshPublicKey(line).publicKey,
  comment: 'alice@laptop',
});
const tokenId = uuid<TokenId>(41);
const issued: Extract<AccountEvent, { type: 'ApiTokenIssued' }> = {
  type: 'ApiTokenIssued',
  tokenId,
  role: 'owner',
  sha256: sha256Of('1'),
  label: 'ci',
};

describe('an account', () => {
  const open = { type: 'OpenAccount', now, accountId, name: 'Alice' } as const;

  test('given nothing / when it is opened / then it is, once', () => {
    given(account).when(open).thenEvents(opened);
    given(account, opened)
      .when({ ...open, name: 'Bob' })
      .thenRefused('account-exists-with-other-content', /"Alice"/);
  });

  test('given a name nobody can read / when it is opened / then that is refused', () => {
    for (const name of ['', 'a\nb', 'a\u202Eb', 'x'.repeat(81)]) {
      given(account)
        .when({ ...open, name })
        .thenRefused('invalid-name');
    }
  });

  test('given nothing / when anything is asked of it / then it is not found', () =>
    given(account).when({ type: 'RemoveSshKey', now, fingerprint }).thenRefused('account-not-found'));
});

describe('SSH keys of an account', () => {
  const add = { type: 'AddSshKey', now, line, fingerprint } as const;
  const remove = { type: 'RemoveSshKey', now, fingerprint } as const;

  test('given a key / when it is added, also with another comment / then once and without its comment in the key', () => {
    given(account, opened).when(add).thenEvents(keyAdded());
    given(account, opened, keyAdded())
      .when({ ...add, line: `${line} again` })
      .thenNothing();
  });

  test('given something that is no key / when it is added / then that is refused', () =>
    given(account, opened)
      .when({ ...add, line: 'ssh-ed25519 AAAA' })
      .thenRefused('ssh-key-malformed'));

  test('given a key / when it is removed / then it is, once, and it may be added again', () => {
    const removed: AccountEvent = { type: 'SshKeyRemoved', fingerprint };
    given(account, opened, keyAdded()).when(remove).thenEvents(removed);
    given(account, opened, keyAdded(), removed).when(add).thenEvents(keyAdded());
    given(account, opened)
      .when(remove)
      .thenRefused('ssh-key-not-found', /SHA256:alice/);
  });

  test('given as many keys as it may have / when one more is added / then that is refused', () => {
    const keys = Array.from({ length: sshKeysMax }, (_, index) => keyAdded(index + 1));
    given(account, opened, ...keys)
      .when(add)
      .thenRefused('too-many-ssh-keys', /remove one first/);
  });
});

describe('API tokens of an account', () => {
  const issue = { type: 'IssueApiToken', now, tokenId, role: 'owner', sha256: sha256Of('1'), label: 'ci' } as const;
  const revoke = { type: 'RevokeApiToken', now, tokenId } as const;
  const revoked: AccountEvent = { type: 'ApiTokenRevoked', tokenId };

  test('given a token / when it is issued, revoked, and issued again / then it stays revoked', () => {
    given(account, opened).when(issue).thenEvents(issued);
    given(account, opened, issued).when(revoke).thenEvents(revoked);
    given(account, opened, issued, revoked).when(issue).thenNothing();
    given(account, opened).when(revoke).thenRefused('token-not-found');
  });

  test('given a token / when its id comes with other content, or its secret with another id / then that is refused', () => {
    for (const change of [{ role: 'operator' as const }, { sha256: sha256Of('2') }, { label: 'x' }]) {
      given(account, opened, issued)
        .when({ ...issue, ...change })
        .thenRefused('token-exists-with-other-content', /new tokenId/);
    }
    given(account, opened, issued)
      .when({ ...issue, tokenId: uuid<TokenId>(42) })
      .thenRefused('token-exists-with-other-content', /new secret/);
  });

  test('given as many tokens as it may have / when one more is issued / then that is refused, until one is revoked', () => {
    const tokens = Array.from(
      { length: tokensMax },
      (_, index): AccountEvent => ({ ...issued, tokenId: uuid(1_000 + index), sha256: `${index}` }),
    );
    given(account, opened, ...tokens)
      .when(issue)
      .thenRefused('too-many-tokens', /revoke one first/);
    given(account, opened, ...tokens, { type: 'ApiTokenRevoked', tokenId: uuid<TokenId>(1_000) })
      .when(issue)
      .thenEvents(issued);
  });
});
