import { isOlderVolume, needsConsent, type Vm, type VmCommand } from '#domain';

type ConsentVm = Omit<Extract<VmCommand, { type: 'ConsentVm' }>, 'now'>;

/** What a VM waits for that its owner alone can say; `null` when it waits for nothing of the kind. */
export const consentOf = (vm: Vm | undefined): ConsentVm | null => {
  if (vm === undefined || vm.boot === null || vm.sealedBoot === null) return null;
  const { bootId } = vm.boot;
  if (vm.sealedBoot.released === null && needsConsent(vm)) return { type: 'ConsentVm', kind: 'launch', bootId };
  return isOlderVolume(vm) ? { type: 'ConsentVm', kind: 'rollback', bootId } : null;
};
