import { type AccountId, formatCredits, type HoldId, type VmId, vmCreationMinimum } from '#domain';
import { derivedUuid } from '#events';
import type { KnownEvent, Process, ProcessCommand } from './process.ts';

type Open = {
  readonly accountId: AccountId;
  holdId: HoldId | null;
  /** The account has not answered yet whether it holds the first hour. */
  asked: boolean;
  /** Only its hold is left of it, or on its way. */
  terminated: boolean;
};

/** VMs that live or may, with the hold that stands behind each. */
export type AdmissionState = Map<VmId, Open>;

/** A VM's hold. One VM has one first hold, so its id needs no randomness. */
export const holdIdOf = (vmId: VmId): HoldId => derivedUuid('hold', vmId) as HoldId;

/** Money first: the account holds the first hour, or the VM is refused; the hold is released when the VM is gone. */
export const vmAdmission: Process<AdmissionState> = {
  name: 'vm-admission',
  initial: () => new Map(),
  absorb: (open, known) => {
    if (known.category === 'vm') absorbVm(open, known);
    if (known.category === 'account') absorbAccount(open, known);
  },
  react: (open, known) => {
    if (known.category === 'vm') return reactToVm(open, known);
    if (known.category === 'account') return reactToAccount(open, known);
    return [];
  },
};

type OfVm = Extract<KnownEvent, { category: 'vm' }>;
type OfAccount = Extract<KnownEvent, { category: 'account' }>;

const absorbVm = (open: AdmissionState, { id, event }: OfVm): void => {
  if (event.type === 'VmRequested') {
    open.set(id, { accountId: event.accountId, holdId: null, asked: true, terminated: false });
  }
  if (event.type === 'VmRefused') open.delete(id);
  // It stays until its hold is released, also one that is on its way.
  if (event.type === 'VmTerminated') forgetUnlessHeld(open, id, { terminated: true });
};

const absorbAccount = (open: AdmissionState, { event }: OfAccount): void => {
  if (event.type === 'CreditsHeld') {
    const vm = open.get(event.vmId);
    if (vm !== undefined) Object.assign(vm, { holdId: event.holdId, asked: false });
  }
  if (event.type === 'HoldRefused') forgetUnlessHeld(open, event.vmId, { asked: false });
  // A hold that another one replaced, at a resize, is not the VM's any more.
  if (event.type === 'HoldReleased' && open.get(event.vmId)?.holdId === event.holdId) {
    forgetUnlessHeld(open, event.vmId, { holdId: null });
  }
};

const forgetUnlessHeld = (
  open: AdmissionState,
  vmId: VmId,
  change: Partial<Pick<Open, 'holdId' | 'asked' | 'terminated'>>,
): void => {
  const vm = open.get(vmId);
  if (vm === undefined) return;
  Object.assign(vm, change);
  if (vm.terminated && vm.holdId === null && !vm.asked) open.delete(vmId);
};

const reactToVm = (open: AdmissionState, { id, event }: OfVm): readonly ProcessCommand[] => {
  if (event.type === 'VmRequested') {
    const required = event.firstHold > vmCreationMinimum ? event.firstHold : vmCreationMinimum;
    const command = { type: 'HoldCredits', holdId: holdIdOf(id), vmId: id, amount: event.firstHold, required } as const;
    return [{ step: 'hold', target: 'account', id: event.accountId, command }];
  }
  const vm = open.get(id);
  if (event.type === 'VmTerminated' && vm !== undefined && vm.holdId !== null) {
    const command = { type: 'ReleaseHold', holdId: vm.holdId, reason: 'vm-terminated' } as const;
    return [{ step: 'release-hold', target: 'account', id: vm.accountId, command }];
  }
  return [];
};

const reactToAccount = (open: AdmissionState, { id, event }: OfAccount): readonly ProcessCommand[] => {
  if (event.type === 'CreditsHeld') {
    // Of a VM that this build could not read nothing is known: the VM's own stream decides, and the reconciler asks it.
    if (open.get(event.vmId)?.terminated === true) {
      const command = { type: 'ReleaseHold', holdId: event.holdId, reason: 'vm-gone-before-hold' } as const;
      return [{ step: 'release-hold', target: 'account', id, command }];
    }
    return [{ step: 'admit', target: 'vm', id: event.vmId, command: { type: 'AdmitVm', holdId: event.holdId } }];
  }
  if (event.type === 'HoldRefused') {
    const detail = `${formatCredits(event.available)} are available and ${formatCredits(event.required)} are needed to create a VM; deposit credits and request a new VM`;
    const command = { type: 'RefuseVm', code: 'insufficient-credits', detail } as const;
    return [{ step: 'refuse', target: 'vm', id: event.vmId, command }];
  }
  return [];
};
