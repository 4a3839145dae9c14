import type { Api } from '../client/api.ts';
import type { VmView } from '../client/views.ts';
import { matchOne } from '../match.ts';
import { isWholeId } from './accounts.ts';

/** The VM meant by an id, the beginning of one, or a name. Terminated ones count only when nothing else is meant. */
export const findVm = async (api: Api, text: string): Promise<VmView> => {
  if (isWholeId(text)) return api.vm(text);
  return matchOne('vm', text, await api.vms(), (vm) => ({
    id: vm.vmId,
    name: vm.name,
    gone: isGone(vm),
  }));
};

/** Whether nothing of a VM is left but its story. */
const isGone = ({ observed }: VmView): boolean => observed === 'terminated' || observed === 'refused';
