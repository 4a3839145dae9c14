import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { histories, movesOf, play, testDeciderLaws } from '../../../../test/domain/laws.ts';
import { accountId, newEd25519Line, noon, sha256Of, uuid, vmId } from '../../../../test/domain/samples.ts';
import type { DepositId, HoldId, TokenId, VmId } from '../values/ids.ts';
import { microCredits } from '../values/money.ts';
import type { AccountCommand } from './commands.ts';
import { account } from './index.ts';
import { parseSshPublicKey } from './ssh-key.ts';
import type { AccountState } from './state.ts';

const now = fc.constant(noon);
const amount = fc.bigInt({ min: -1n, max: 9n }).map(microCredits);
const holdId = fc.integer({ min: 31, max: 34 }).map((n) => uuid<HoldId>(n));
const depositId = fc.integer({ min: 51, max: 55 }).map((n) => uuid<DepositId>(n));
const tokenId = fc.integer({ min: 41, max: 43 }).map((n) => uuid<TokenId>(n));
const vmIds = fc.constantFrom<VmId>(uuid(1), uuid(2));
const lines = [newEd25519Line('a'), newEd25519Line('b')] as const;
const line = fc.constantFrom(...lines, 'ssh-ed25519 AAAA');
const fingerprint = fc.constantFrom('SHA256:a', 'SHA256:b');

const command: fc.Arbitrary<AccountCommand> = fc.oneof(
  fc.record({
    type: fc.constant('OpenAccount' as const),
    now,
    accountId: fc.constant(accountId),
    name: fc.constantFrom('Alice', 'Alice', 'Bob', ''),
  }),
  fc.record({ type: fc.constant('AddSshKey' as const), now, line, fingerprint }),
  fc.record({ type: fc.constant('RemoveSshKey' as const), now, fingerprint }),
  fc.record({
    type: fc.constant('IssueApiToken' as const),
    now,
    tokenId,
    role: fc.constantFrom('owner' as const, 'viewer' as const),
    sha256: fc.constantFrom(sha256Of('1'), sha256Of('2')),
    label: fc.constant('ci'),
  }),
  fc.record({ type: fc.constant('RevokeApiToken' as const), now, tokenId }),
  fc.record({
    type: fc.constant('DepositCredits' as const),
    now,
    depositId,
    amount,
    source: fc.constant('operator-grant' as const),
    note: fc.constant(''),
  }),
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('HoldCredits' as const),
      now,
      holdId,
      vmId: vmIds,
      amount,
      required: amount,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      ...{ type: fc.constant('ReplaceHold' as const), now, replaces: holdId, holdId, vmId: vmIds, amount },
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('ReleaseHold' as const), now, holdId, reason: fc.constant('x') }),
  },
);

const move = movesOf<AccountState, AccountCommand>(command);
const one = microCredits(1n);
const key = { keyType: 'ssh-ed25519', publicKey: parseSshPublicKey(lines[0]).publicKey, comment: '' } as const;

describe('the laws of an account', () => {
  testDeciderLaws({
    decider: account,
    move,
    samples: {
      AccountOpened: [{ type: 'AccountOpened', accountId, name: 'Alice' }],
      SshKeyAdded: [{ type: 'SshKeyAdded', fingerprint: 'SHA256:a', ...key }],
      SshKeyRemoved: [
        { type: 'SshKeyRemoved', fingerprint: 'SHA256:a' },
        { type: 'SshKeyRemoved', fingerprint: 'SHA256:never' },
      ],
      ApiTokenIssued: [
        { type: 'ApiTokenIssued', tokenId: uuid<TokenId>(41), role: 'owner', sha256: sha256Of('1'), label: 'ci' },
      ],
      ApiTokenRevoked: [
        { type: 'ApiTokenRevoked', tokenId: uuid<TokenId>(41) },
        { type: 'ApiTokenRevoked', tokenId: uuid<TokenId>(42) },
      ],
      CreditsDeposited: [
        { type: 'CreditsDeposited', depositId: uuid<DepositId>(51), amount: one, source: 'operator-grant', note: '' },
      ],
      CreditsHeld: [{ type: 'CreditsHeld', holdId: uuid<HoldId>(31), vmId, amount: microCredits(5n) }],
      HoldRefused: [
        { type: 'HoldRefused', holdId: uuid<HoldId>(32), vmId, amount: one, available: one, required: one },
      ],
      HoldReleased: [
        { type: 'HoldReleased', holdId: uuid<HoldId>(31), vmId, amount: one, reason: 'x' },
        { type: 'HoldReleased', holdId: uuid<HoldId>(32), vmId, amount: microCredits(9n), reason: 'x' },
      ],
    },
  });

  test('given any commands / then available + held = deposited, nothing is below zero, and each hold adds up', () =>
    fc.assert(
      fc.property(histories(move), (moves) => {
        for (const { after } of play(account, moves)) expectConserved(after);
      }),
    ));

  test('given any commands / then credits come only from deposits: what was ever deposited is the sum of its events', () =>
    fc.assert(
      fc.property(histories(move), (moves) => {
        const steps = play(account, moves);
        const deposits = steps.flatMap(({ events }) => events.filter(({ type }) => type === 'CreditsDeposited'));
        const sum = deposits.reduce((total, event) => total + ('amount' in event ? event.amount : 0n), 0n);
        expect(steps.at(-1)?.after?.deposited ?? 0n).toBe(sum);
      }),
    ));
});

const expectConserved = (state: AccountState): void => {
  if (state === null) return;
  expect(state.available + state.held).toBe(state.deposited);
  expect(state.available >= 0n && state.held >= 0n).toBe(true);
  let held = 0n;
  for (const hold of [...state.holds.values(), ...state.closedHolds.values()]) {
    expect(hold.held + hold.released).toBe(hold.firstHeld);
    held += hold.held;
  }
  expect(held).toBe(state.held);
};
