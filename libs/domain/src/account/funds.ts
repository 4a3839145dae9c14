import { Refusal } from '../errors.ts';
import type { HoldId, VmId } from '../values/ids.ts';
import { addCredits, formatCredits, type MicroCredits } from '../values/money.ts';
import { assertText } from '../values/names.ts';
import type { AccountCommand } from './commands.ts';
import type { AccountEvent } from './events.ts';
import { balanceMax, depositMax, depositNoteLengthMax } from './limits.ts';
import type { Account } from './state.ts';

type Command<Type extends AccountCommand['type']> = Extract<AccountCommand, { type: Type }>;

/** Adds credits once per depositId. Refuses amounts that are not above zero, too large, or of another content. */
export const depositCredits = (account: Account, command: Command<'DepositCredits'>): readonly AccountEvent[] => {
  const { depositId, amount, source, note } = command;
  const known = account.deposits.get(depositId);
  if (known !== undefined) {
    if (known.amount === amount && known.note === note) return [];
    throw new Refusal(
      'deposit-exists-with-other-content',
      `deposit ${depositId} of ${formatCredits(known.amount)} was made already with other content; use a new depositId`,
      { depositId },
    );
  }
  assertAmount('deposit', amount, depositMax);
  if (account.deposited + amount > balanceMax) {
    throw new Refusal(
      'invalid-amount',
      `account ${account.accountId} was given ${formatCredits(account.deposited)}; ${formatCredits(amount)} more would pass the most an account is ever given, ${formatCredits(balanceMax)}`,
    );
  }
  assertText('deposit note', note, 0, depositNoteLengthMax);
  return [{ type: 'CreditsDeposited', depositId, amount, source, note }];
};

/**
 * Sets credits aside for a VM. Too few is a fact about the VM that someone asks about next month, so it is the event
 * `HoldRefused`, final for its holdId. Refuses a holdId that stands for something else.
 */
export const holdCredits = (account: Account, command: Command<'HoldCredits'>): readonly AccountEvent[] => {
  const { holdId, vmId, amount } = command;
  if (isKnownHold(account, command)) return [];
  assertAmount('hold', amount, balanceMax);
  // To hold more than is there would be a debt, whatever the caller thought was required.
  if (command.required < amount) return holdCredits(account, { ...command, required: amount });
  const { available } = account;
  const { required } = command;
  return available >= required
    ? [{ type: 'CreditsHeld', holdId, vmId, amount }]
    : [{ type: 'HoldRefused', holdId, vmId, amount, available, required }];
};

/**
 * Another amount for a VM in place of what is held for it, in one decision. Too few is `HoldRefused`, and then the first
 * hold stays as it is. A first hold that another took the place of is not missed: what is held for the VM now gives way,
 * because it has one hold. Without any all of it is held anew; who finds no VM behind it releases it again.
 */
export const replaceHold = (account: Account, command: Command<'ReplaceHold'>): readonly AccountEvent[] => {
  const { replaces, holdId, vmId, amount } = command;
  if (isKnownHold(account, command)) return [];
  const named = account.holds.get(replaces);
  if (named !== undefined && named.vmId !== vmId) {
    const detail = `hold ${replaces} is of VM ${named.vmId}, and was to be replaced for VM ${vmId}`;
    throw new Refusal('hold-exists-with-other-content', detail, { holdId: replaces });
  }
  assertAmount('hold', amount, balanceMax);
  const heldId = (named === undefined ? holdOf(account, vmId) : undefined) ?? replaces;
  const held = account.holds.get(heldId);
  const available = held === undefined ? account.available : addCredits(account.available, held.held);
  if (available < amount) return [{ type: 'HoldRefused', holdId, vmId, amount, available, required: amount }];
  const reason = `replaced by hold ${holdId}`;
  const released: readonly AccountEvent[] =
    held === undefined ? [] : [{ type: 'HoldReleased', holdId: heldId, vmId, amount: held.held, reason }];
  return [...released, { type: 'CreditsHeld', holdId, vmId, amount }];
};

const holdOf = ({ holds }: Account, vmId: VmId): HoldId | undefined =>
  [...holds].find(([, hold]) => hold.vmId === vmId)?.[0];

/** Whether the hold was decided already. Refuses a holdId that stands for something else. */
const isKnownHold = (
  account: Account,
  { holdId, vmId, amount }: { readonly holdId: HoldId; readonly vmId: VmId; readonly amount: MicroCredits },
): boolean => {
  const hold = account.holds.get(holdId) ?? account.closedHolds.get(holdId);
  const known = hold === undefined ? account.refusedHolds.get(holdId) : { vmId: hold.vmId, amount: hold.firstHeld };
  if (known === undefined) return false;
  if (known.vmId === vmId && known.amount === amount) return true;
  throw new Refusal(
    'hold-exists-with-other-content',
    `hold ${holdId} stands for ${formatCredits(known.amount)} of VM ${known.vmId}, not ${formatCredits(amount)} of VM ${vmId}`,
    { holdId },
  );
};

/** Gives back what a hold still holds. Refuses a hold nobody made; a refused or released one has nothing to give. */
export const releaseHold = (account: Account, { holdId, reason }: Command<'ReleaseHold'>): readonly AccountEvent[] => {
  const hold = account.holds.get(holdId);
  if (hold !== undefined) return [{ type: 'HoldReleased', holdId, vmId: hold.vmId, amount: hold.held, reason }];
  if (account.closedHolds.has(holdId) || account.refusedHolds.has(holdId)) return [];
  throw new Refusal('hold-not-found', `account ${account.accountId} has no hold ${holdId}`, { holdId });
};

const assertAmount = (what: string, amount: MicroCredits, max: MicroCredits): void => {
  if (amount > 0n && amount <= max) return;
  throw new Refusal(
    'invalid-amount',
    `a ${what} of ${formatCredits(amount)} is not possible; it must be above 0 and at most ${formatCredits(max)}`,
  );
};
