import type { MinerId, UnixMs, VmId } from '#domain';
import type { Process, ProcessCommand } from './process.ts';

export type Holdings = {
  /** Which VMs a miner holds by placement. */
  readonly held: Map<MinerId, Set<VmId>>;
  /** Miners that are lost, with when each was last heard. */
  readonly lost: Map<MinerId, UnixMs>;
};

/** A lost miner loses its VMs: each is told, none is placed elsewhere, because its disk is there. Reports bring them back. */
export const minerLost: Process<Holdings> = {
  name: 'miner-lost',
  initial: () => ({ held: new Map(), lost: new Map() }),
  absorb: ({ held, lost }, known) => {
    if (known.category === 'vm') {
      if (known.event.type === 'VmPlaced') {
        const vms = held.get(known.event.minerId) ?? new Set();
        held.set(known.event.minerId, vms.add(known.id));
      }
      if (known.event.type === 'VmTerminated') {
        for (const vms of held.values()) vms.delete(known.id);
      }
    }
    if (known.category === 'miner') {
      if (known.event.type === 'MinerLost') lost.set(known.id, known.event.lastSeenAt);
      if (known.event.type === 'MinerReturned') lost.delete(known.id);
    }
  },
  react: ({ held, lost }, known) => {
    if (known.category === 'miner' && known.event.type === 'MinerLost') {
      const { id: minerId } = known;
      const { lastSeenAt } = known.event;
      return [...(held.get(minerId) ?? [])].map((vmId) => lose(vmId, minerId, lastSeenAt));
    }
    if (known.category === 'vm' && known.event.type === 'VmPlaced') {
      // Reserved in time, confirmed too late: its miner was lost in between.
      const { minerId } = known.event;
      const lastSeenAt = lost.get(minerId);
      return lastSeenAt === undefined ? [] : [lose(known.id, minerId, lastSeenAt)];
    }
    return [];
  },
};

const lose = (vmId: VmId, minerId: MinerId, lastSeenAt: UnixMs): ProcessCommand => ({
  step: `lose:${vmId}`,
  target: 'vm',
  id: vmId,
  command: { type: 'MarkVmLost', minerId, lastSeenAt },
});
