import { describe, expect, test } from 'vitest';
import { given } from '../../../../test/domain/given.ts';
import { accountId, noon, otherVmId, uuid, vmId } from '../../../../test/domain/samples.ts';
import { fold } from '../decider.ts';
import type { DepositId, HoldId } from '../values/ids.ts';
import { credits, type MicroCredits, microCredits } from '../values/money.ts';
import type { AccountEvent } from './events.ts';
import { account } from './index.ts';
import { depositMax } from './limits.ts';

const now = noon;
const opened: AccountEvent = { type: 'AccountOpened', accountId, name: 'Alice' };
const depositId = uuid<DepositId>(51);
const deposited = (amount: MicroCredits): AccountEvent => ({
  type: 'CreditsDeposited',
  depositId,
  amount,
  source: 'operator-grant',
  note: 'welcome',
});
const holdId = uuid<HoldId>(31);
const held: AccountEvent = { type: 'CreditsHeld', holdId, vmId, amount: credits(1n) };
const released: AccountEvent = { type: 'HoldReleased', holdId, vmId, amount: credits(1n), reason: 'vm-terminated' };

describe('credits of an account', () => {
  const deposit = {
    type: 'DepositCredits',
    now,
    depositId,
    amount: credits(10n),
    source: 'operator-grant',
    note: 'welcome',
  } as const;
  const hold = { type: 'HoldCredits', now, holdId, vmId, amount: credits(1n), required: credits(10n) } as const;
  const release = { type: 'ReleaseHold', now, holdId, reason: 'vm-terminated' } as const;

  test('given a grant / when it is deposited / then once, and never with other content', () => {
    given(account, opened)
      .when(deposit)
      .thenEvents(deposited(credits(10n)));
    for (const change of [{ amount: credits(11n) }, { note: 'again' }]) {
      given(account, opened, deposited(credits(10n)))
        .when({ ...deposit, ...change })
        .thenRefused('deposit-exists-with-other-content');
    }
  });

  test('given an amount that is none, below none or too large / when it is deposited or held / then that is refused', () => {
    for (const amount of [microCredits(0n), microCredits(-1n), microCredits(depositMax + 1n)]) {
      given(account, opened)
        .when({ ...deposit, amount })
        .thenRefused('invalid-amount', /above 0 and at most 1000000 credits/);
    }
    given(account, opened)
      .when({ ...hold, amount: microCredits(-1n) })
      .thenRefused('invalid-amount');
  });

  test('given enough credits, to the last micro-credit / when a hold is asked for / then they are held', () => {
    given(account, opened, deposited(credits(10n)))
      .when(hold)
      .thenEvents(held);
    expect(fold(account, [opened, deposited(credits(10n)), held])).toMatchObject({
      available: credits(9n),
      held: credits(1n),
    });
  });

  test('given one micro-credit too few / when a hold is asked for / then the refusal is an event with both figures', () => {
    const available = microCredits(9_999_999n);
    const { amount, required } = hold;
    given(account, opened, deposited(available))
      .when(hold)
      .thenEvents({ type: 'HoldRefused', holdId, vmId, amount, available, required });
  });

  test('given a caller that requires less than it holds / when a hold is asked for / then the amount must be there', () =>
    given(account, opened)
      .when({ ...hold, required: microCredits(0n) })
      .thenEvents({
        type: 'HoldRefused',
        holdId,
        vmId,
        amount: credits(1n),
        available: microCredits(0n),
        required: credits(1n),
      }));

  test('given a hold, open, released or refused / when its id stands for something else / then that is refused', () => {
    const { amount, required } = hold;
    const refused: AccountEvent = { type: 'HoldRefused', holdId, vmId, amount, available: microCredits(0n), required };
    for (const history of [[held], [held, released], [refused]]) {
      given(account, opened, deposited(credits(10n)), ...history)
        .when(hold)
        .thenNothing();
      for (const change of [{ vmId: otherVmId }, { amount: credits(2n) }]) {
        given(account, opened, deposited(credits(10n)), ...history)
          .when({ ...hold, ...change })
          .thenRefused('hold-exists-with-other-content');
      }
    }
  });

  test('given a hold / when it is released / then all of it comes back, once', () => {
    given(account, opened, deposited(credits(10n)), held)
      .when(release)
      .thenEvents(released);
    expect(fold(account, [opened, deposited(credits(10n)), held, released])).toMatchObject({
      available: credits(10n),
      held: credits(0n),
    });
    given(account, opened).when(release).thenRefused('hold-not-found');
  });

  const newHoldId = uuid<HoldId>(32);
  const replace = {
    type: 'ReplaceHold',
    now,
    replaces: holdId,
    holdId: newHoldId,
    vmId,
    amount: credits(10n),
  } as const;
  const replaced: AccountEvent = { ...released, reason: `replaced by hold ${newHoldId}` };
  const newlyHeld: AccountEvent = { type: 'CreditsHeld', holdId: newHoldId, vmId, amount: credits(10n) };

  test('given a hold / when another amount takes its place / then what it held counts towards that', () =>
    given(account, opened, deposited(credits(10n)), held)
      .when(replace)
      .thenEvents(replaced, newlyHeld));

  test('given too few credits, the first hold counted in / then it is refused, and the first hold stays', () => {
    const history = [opened, deposited(credits(9n)), held];
    given(account, ...history)
      .when(replace)
      .thenEvents({
        ...{ type: 'HoldRefused', holdId: newHoldId, vmId, amount: credits(10n) },
        ...{ available: credits(9n), required: credits(10n) },
      });
    expect(fold(account, history)?.holds.get(holdId)?.held).toBe(credits(1n));
  });

  test('given another hold took the place of the first / when a third does / then that one gives way, so that the VM has one', () => {
    const thirdId = uuid<HoldId>(33);
    const history = [opened, deposited(credits(15n)), held, replaced, newlyHeld];
    given(account, ...history)
      .when({ ...replace, holdId: thirdId, amount: credits(12n) })
      .thenEvents(
        { ...released, holdId: newHoldId, amount: credits(10n), reason: `replaced by hold ${thirdId}` },
        { ...newlyHeld, holdId: thirdId, amount: credits(12n) },
      );
  });

  test('given the first hold is gone / then all of it is held anew; a hold of another VM is not touched', () => {
    given(account, opened, deposited(credits(10n)), held, released)
      .when(replace)
      .thenEvents(newlyHeld);
    given(account, opened, deposited(credits(10n)), held)
      .when({ ...replace, vmId: otherVmId })
      .thenRefused('hold-exists-with-other-content');
  });
});
