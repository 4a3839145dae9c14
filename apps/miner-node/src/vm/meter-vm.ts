import type { VmId } from '#domain';
import type { VmMetrics } from '#events';
import { launchedBoot } from '../converge/index.ts';
import type { Held, VmParts } from './held.ts';
import { emptyLedger, total, withReading } from './ledger.ts';

/** Reads a VM's counters, writes them down, and tells them: what was told once is never told smaller again.
 *  Rejects for a VM that is not here, and when its counters can be neither read nor written. */
export const meterVm = async (
  { vmId, vm, machine }: Held,
  { dirs, clock }: Pick<VmParts, 'dirs' | 'clock'>,
): Promise<VmMetrics> => {
  if (vm === null) throw new Error(`VM ${vmId} is not on this host`);
  const known = (await dirs.loadLedger(vmId)) ?? emptyLedger;
  const live = machine === null ? null : launchedBoot(vm);
  const counters = machine === null || live === null ? null : await machine.counters();
  const ledger = counters === null || live === null ? known : withReading(known, live.bootEpoch, counters.usage);
  if (ledger !== known) await dirs.saveLedger(vmId, ledger);
  return {
    vmId: vmId as VmId,
    takenAt: clock.now(),
    boot: ledger.boot,
    total: total(ledger),
    memoryBytes: counters?.memoryBytes ?? null,
    networkBytes: null,
    heldBy: machine?.heldBy ?? [],
  };
};
