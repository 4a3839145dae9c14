import { type Account, account, type Role } from '#domain';
import { aggregates } from '#events';
import type { Projection } from './projection.ts';
import { stateToText, textToState } from './state-text.ts';

export type SshKeyRow = {
  readonly fingerprint: string;
  readonly keyType: string;
  readonly publicKey: string;
  readonly comment: string;
  readonly addedAt: string;
};

export type TokenRow = {
  readonly tokenId: string;
  readonly role: Role;
  readonly sha256: string;
  readonly label: string;
  readonly issuedAt: string;
};

/** One account: its own rules' state, and its keys and open tokens with when they came. */
export type AccountRow = {
  readonly account: Account;
  readonly openedAt: string;
  readonly sshKeys: readonly SshKeyRow[];
  readonly tokens: readonly TokenRow[];
};

const ddl = `CREATE TABLE accounts (
  account_id TEXT PRIMARY KEY,
  created_at TEXT NOT NULL,
  row TEXT NOT NULL,
  name TEXT NOT NULL
) STRICT;
CREATE INDEX accounts_by_name ON accounts (name, created_at, account_id);
CREATE INDEX accounts_by_age ON accounts (created_at, account_id);
CREATE TABLE tokens (
  token_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  role TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  PRIMARY KEY (token_id, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_account ON tokens (account_id);`;

const none = new Map();

/** Without what is over: the rules remember it for repeated commands, nobody is shown it, and it is most of the state. */
const shown = (state: Account): Account => ({
  ...state,
  ...{ closedHolds: none, refusedHolds: none, removedSshKeys: none, revokedTokens: none },
});

export const accounts: Projection<AccountRow> = {
  name: 'accounts',
  ddl,
  category: 'account',
  fold: (row, recorded) => {
    const event = aggregates.account.codec.decode(recorded);
    const state = account.evolve(row?.account ?? null, event);
    if (state === null) return null;
    const next = shown(state);
    const before: AccountRow = row ?? { account: next, openedAt: recorded.recordedAt, sshKeys: [], tokens: [] };
    const { recordedAt } = recorded;
    switch (event.type) {
      case 'SshKeyAdded': {
        const { type: _, ...key } = event;
        const others = before.sshKeys.filter(({ fingerprint }) => fingerprint !== key.fingerprint);
        return { ...before, account: next, sshKeys: [...others, { ...key, addedAt: recordedAt }] };
      }
      case 'SshKeyRemoved':
        return {
          ...before,
          account: next,
          sshKeys: before.sshKeys.filter(({ fingerprint }) => fingerprint !== event.fingerprint),
        };
      case 'ApiTokenIssued': {
        const { type: _, ...token } = event;
        // The rules issue an id once. Were there two, one row would stop all others from being written.
        const others = before.tokens.filter(({ tokenId }) => tokenId !== token.tokenId);
        return { ...before, account: next, tokens: [...others, { ...token, issuedAt: recordedAt }] };
      }
      case 'ApiTokenRevoked':
        return { ...before, account: next, tokens: before.tokens.filter(({ tokenId }) => tokenId !== event.tokenId) };
      default:
        return { ...before, account: next };
    }
  },
  open: (db, writes) => {
    const one = db.prepare<[string], string>('SELECT row FROM accounts WHERE account_id = ?').pluck();
    const put = writes.statement(
      `INSERT INTO accounts (account_id, created_at, row, name) VALUES (?, ?, ?, ?)
       ON CONFLICT (account_id) DO UPDATE SET row = excluded.row`,
    );
    const forgetTokens = writes.statement('DELETE FROM tokens WHERE account_id = ?');
    const putToken = writes.statement(
      'INSERT INTO tokens (token_id, account_id, role, sha256) VALUES (:tokenId, :accountId, :role, :sha256)',
    );
    const forget = writes.statement('DELETE FROM accounts WHERE account_id = ?');
    return {
      load: (accountId) => {
        const text = one.get(accountId);
        return text === undefined ? null : textToState<AccountRow>(text);
      },
      save: (accountId, row) => {
        put(accountId, row.openedAt, stateToText(row), row.account.name);
        forgetTokens(accountId);
        for (const { tokenId, role, sha256 } of row.tokens) putToken({ tokenId, accountId, role, sha256 });
      },
      remove: (accountId) => {
        forgetTokens(accountId);
        forget(accountId);
      },
    };
  },
};
