import { Refusal } from '../errors.ts';
import type { Vm } from './state.ts';

/** Refuses a VM that was refused, and one that shall be gone or is. */
export const assertUsable = (vm: Vm): void => {
  if (vm.observed === 'refused') throw new Refusal('vm-refused', `VM ${vm.vmId} was refused; request a new one`);
  if (vm.desired === 'absent') throw new Refusal('vm-terminated', `VM ${vm.vmId} is ${vm.observed}; request a new one`);
};
