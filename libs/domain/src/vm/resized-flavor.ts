import { Refusal } from '../errors.ts';
import { type Flavor, type FlavorState, offeredFlavor, withDisk } from '../flavor/flavor.ts';
import { formatBytes } from '../values/size.ts';
import type { Vm } from './state.ts';

/**
 * The size and price a VM is asked to have: those of a flavor, with at least so much disk. Refuses a disk that is smaller
 * than the one it has, and a flavor that is not offered; the one it has may be retired, which takes nothing from its VMs:
 * its price is known, and whether there is room its miner says, as for any other.
 */
export const resizedFlavor = (
  vm: Vm,
  known: FlavorState,
  wanted: { readonly flavorId: string; readonly diskBytes: number | undefined },
): Flavor => {
  const { flavorId, diskBytes = 0 } = wanted;
  if (diskBytes > 0 && diskBytes < vm.size.diskBytes) {
    throw new Refusal(
      'disk-never-shrinks',
      `${formatBytes(diskBytes)} of disk is asked for and VM ${vm.vmId} has ${formatBytes(vm.size.diskBytes)}; a disk never shrinks: ask for more than that`,
      { observed: diskBytes, wanted: vm.size.diskBytes },
    );
  }
  const flavor = known !== null && flavorId === vm.flavorId ? known : offeredFlavor(known, flavorId);
  const { size, pricePerHour } = flavor;
  return withDisk({ flavorId, size, pricePerHour }, diskBytes);
};
