import { Refusal } from '../errors.ts';
import type { VmCommand } from './commands.ts';
import type { VmEvent } from './events.ts';
import { assertCurrentBoot, sealedVolume } from './sealed-boot.ts';
import type { Vm } from './state.ts';
import { assertUsable } from './usable.ts';

type ConsentVm = Extract<VmCommand, { type: 'ConsentVm' }>;

/** The owner's word for one boot, this one. Refuses where nothing waits for it: consent is never given ahead. */
export const consentVm = (vm: Vm, { kind, bootId }: ConsentVm): readonly VmEvent[] => {
  assertUsable(vm);
  sealedVolume(vm);
  assertCurrentBoot(vm, { bootId, generation: vm.placement?.generation ?? 0 });
  const boot = vm.sealedBoot;
  if (kind === 'launch') {
    if (!boot?.specified.consentNeeded) throw notNeeded(vm, 'it starts nothing older than last time');
    return boot.launchConsent ? [] : [{ type: 'VmConsentGiven', kind, bootId, counter: null }];
  }
  if (!boot?.rollback || boot.confirmed !== null) throw notNeeded(vm, 'its disk is not older than last time');
  return boot.rollback.consented ? [] : [{ type: 'VmConsentGiven', kind, bootId, counter: boot.rollback.counter }];
};

const notNeeded = (vm: Vm, why: string): Refusal =>
  new Refusal(
    'consent-not-needed',
    `VM ${vm.vmId} waits for no such consent: ${why}; hcc vm status shows what it waits for`,
  );
