import { type Account, type AccountEvent, type AccountId, account, type Vm, type VmId } from '#domain';
import { aggregates, type RecordedEvent } from '#events';
import type { Accuse } from './checker.ts';

// The rules as they are before a mistake is planted in them.
const { evolve } = account;

/** Holds every account's stream against the laws of money. */
export const createAccountCheck = (vms: ReadonlyMap<VmId, Vm>, accuse: Accuse) => {
  const accounts = new Map<AccountId, Account>();
  const deposited = new Map<AccountId, bigint>();
  const depositIds = new Set<string>();

  const checkSums = (id: AccountId, after: Account): void => {
    const held = [...after.holds.values()].reduce((sum, hold) => sum + hold.held, 0n);
    if (after.available < 0n || held !== after.held || after.available + after.held !== after.deposited) {
      accuse('credits-conserve', `${id}: ${after.available} + ${after.held} of ${after.deposited}, open holds ${held}`);
    }
    if (after.deposited !== (deposited.get(id) ?? 0n)) {
      accuse('credits-conserve', `${id} counts ${after.deposited} deposited, its deposits say ${deposited.get(id)}`);
    }
    for (const [holdId, hold] of [...after.holds, ...after.closedHolds]) {
      if (hold.held + hold.released !== hold.firstHeld) accuse('credits-conserve', `hold ${holdId} does not add up`);
    }
  };
  const seeMoney = (id: AccountId, before: Account | null, event: AccountEvent): void => {
    if (event.type === 'CreditsDeposited') {
      if (depositIds.has(event.depositId)) accuse('deposit-once', `${id} was given deposit ${event.depositId} twice`);
      depositIds.add(event.depositId);
      deposited.set(id, (deposited.get(id) ?? 0n) + event.amount);
    }
    const vm = event.type === 'HoldReleased' ? vms.get(event.vmId) : undefined;
    if (event.type === 'HoldReleased' && vm?.holdId === event.holdId && !mayLetGo(vm)) {
      accuse('hold-behind-vm', `${id} got the hold of ${event.vmId} back, which is ${vm.observed}`);
    }
    if (event.type === 'CreditsHeld') {
      const isHeld = [...(before?.holds.values() ?? [])].some(({ vmId }) => vmId === event.vmId);
      if (isHeld) accuse('one-hold-per-vm', `${event.vmId} got a second hold ${event.holdId}`);
      if ((before?.available ?? 0n) < event.amount) accuse('no-debt', `${id} held ${event.amount} it did not have`);
    }
  };

  return {
    accounts: accounts as ReadonlyMap<AccountId, Account>,
    see: (id: AccountId, recorded: RecordedEvent): void => {
      const event = aggregates.account.codec.decode(recorded);
      const before = accounts.get(id) ?? null;
      const after = evolve(before, event);
      if (after === null) {
        accuse('account-stream-begins', `${id} begins with ${event.type}`);
        return;
      }
      accounts.set(id, after);
      seeMoney(id, before, event);
      checkSums(id, after);
    },
  };
};

/** Whether what is held for a VM may be given back: it is over, or gets another size and something else is held for it. */
export const mayLetGo = (vm: Vm | undefined): boolean =>
  vm?.observed === 'terminated' || vm?.observed === 'refused' || (vm?.resize ?? null) !== null;
