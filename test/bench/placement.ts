import { createSeededIds } from '#adapters/memory';
import { type MinerId, type PlacementCandidate, place, type VmId } from '#domain';
import type { Figure } from './pairs.ts';
import { median } from './pairs.ts';

const miners = 5_000;
const decisions = 2_000;
const bar = 1_500;
const gib = 1024 ** 3;

/**
 * Decisions over 5,000 miners a second of processor time, of which every other finds nobody: that costs most, since each
 * miner's reason is counted. Processor time, because other programs of the machine are no matter of ours.
 */
export const placement = async (pairs: number): Promise<Figure> => {
  const ids = createSeededIds('placement');
  const candidates = Array.from({ length: miners }, (_, n): PlacementCandidate => {
    const used = n % 7;
    return {
      minerId: ids.uuid() as MinerId,
      ...{ attached: n % 50 !== 0, lost: n % 61 === 0, draining: n % 71 === 0, distrusted: n % 83 === 0 },
      capacity: { vcpus: 16, memoryBytes: 64 * gib, diskBytes: 1_000 * gib },
      reserved: { vcpus: used, memoryBytes: used * 8 * gib, diskBytes: used * gib },
    };
  });
  const vmId = ids.uuid() as VmId;
  const sizes = [
    { vcpus: 1, memoryBytes: gib, diskBytes: gib },
    { vcpus: 64, memoryBytes: gib, diskBytes: gib },
  ];
  const rates: number[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    const from = process.cpuUsage();
    let fits = 0;
    for (let n = 0; n < decisions; n += 1) {
      const size = sizes[n % 2];
      if (size !== undefined && place({ vmId, size }, candidates).fit) fits += 1;
    }
    const { user, system } = process.cpuUsage(from);
    if (fits !== decisions / 2) throw new Error(`BUG: ${fits} of ${decisions} decisions found a miner`);
    rates.push((decisions * 1_000_000) / (user + system));
  }
  const ours = Math.round(median(rates));
  return {
    name: 'placement-5000-miners',
    unit: 'decisions/s of CPU',
    ours,
    raw: null,
    ratio: null,
    bar,
    ok: ours >= bar,
  };
};
