import type { MinerId, VmId } from '#domain';
import type { Process } from './process.ts';

/** Which VMs a miner holds by placement. */
export type HeldByMiner = Map<MinerId, Set<VmId>>;

/** A lost miner loses its VMs: each is told, none is placed elsewhere, because its disk is there. Reports bring them back. */
export const minerLost: Process<HeldByMiner> = {
  name: 'miner-lost',
  initial: () => new Map(),
  absorb: (held, known) => {
    if (known.category !== 'vm') return;
    if (known.event.type === 'VmPlaced') {
      const vms = held.get(known.event.minerId) ?? new Set();
      held.set(known.event.minerId, vms.add(known.id));
    }
    if (known.event.type === 'VmTerminated') {
      for (const vms of held.values()) vms.delete(known.id);
    }
  },
  react: (held, known) => {
    if (known.category !== 'miner' || known.event.type !== 'MinerLost') return [];
    const { id: minerId } = known;
    const { lastSeenAt } = known.event;
    return [...(held.get(minerId) ?? [])].map((vmId) => ({
      step: `lose:${vmId}`,
      target: 'vm',
      id: vmId,
      command: { type: 'MarkVmLost', minerId, lastSeenAt },
    }));
  },
};
