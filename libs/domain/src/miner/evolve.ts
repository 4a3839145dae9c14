import { unreachable } from '../errors.ts';
import type { VmId } from '../values/ids.ts';
import { withEntry, withoutEntry, withRecent } from '../values/recent.ts';
import { addSize, noSize, subtractSize } from '../values/size.ts';
import type { MinerEvent } from './events.ts';
import { settledMax } from './limits.ts';
import { evolveSlashing } from './slashing.ts';
import type { Miner, MinerState } from './state.ts';

/** The miner after one more event. Total: an event that makes no sense here leaves the state as it was. */
export const evolve = (state: MinerState, event: MinerEvent): MinerState => {
  if (event.type === 'MinerInvited') return state ?? invited(event);
  return state === null ? null : evolveMiner(state, event);
};

type Event<Type extends MinerEvent['type']> = Extract<MinerEvent, { type: Type }>;

const invited = ({ minerId, name, joinTokenSha256, expiresAt }: Event<'MinerInvited'>): Miner => ({
  minerId,
  name,
  joinTokenSha256,
  joinExpiresAt: expiresAt,
  natsPublicKey: null,
  attachment: null,
  capacity: noSize,
  reserved: noSize,
  allocations: new Map(),
  settled: new Map(),
  lost: null,
  hostChecks: null,
  drain: null,
  trust: null,
  slashings: new Map(),
});

const evolveMiner = (miner: Miner, event: Exclude<MinerEvent, Event<'MinerInvited'>>): Miner => {
  switch (event.type) {
    case 'MinerEnrolled':
      return { ...miner, natsPublicKey: event.natsPublicKey };
    case 'MinerAttached': {
      const { agentEpoch, agentVersion, hostBootId, accelerator, platform, cpuModel } = event;
      return { ...miner, attachment: { agentEpoch, agentVersion, hostBootId, accelerator, platform, cpuModel } };
    }
    case 'CapacityDeclared':
      return { ...miner, capacity: event.capacity };
    case 'AllocationReserved': {
      const { vmId, generation, size } = event;
      const others = withoutAllocation(miner, vmId);
      return {
        ...others,
        reserved: addSize(others.reserved, size),
        allocations: withEntry(others.allocations, vmId, { generation, size }),
      };
    }
    case 'AllocationRefused':
      return settle(miner, event.vmId, event.generation);
    case 'AllocationReleased': {
      const isHeld = miner.allocations.get(event.vmId)?.generation === event.generation;
      return settle(isHeld ? withoutAllocation(miner, event.vmId) : miner, event.vmId, event.generation);
    }
    case 'MinerLost':
      return { ...miner, lost: { lastSeenAt: event.lastSeenAt } };
    case 'HostChecked':
      return { ...miner, hostChecks: event.checks };
    case 'MinerReturned':
      return { ...miner, lost: null };
    case 'MinerDrainStarted':
      return { ...miner, drain: { reason: event.reason, deadlineAt: event.deadlineAt, isDone: false } };
    case 'MinerDrained':
      return { ...miner, drain: miner.drain === null ? null : { ...miner.drain, isDone: true } };
    case 'MinerUndrained':
      return { ...miner, drain: null };
    case 'MinerTrustChanged': {
      const { tier, appraisalId, appraisedAt } = event;
      return { ...miner, trust: { tier, appraisalId, appraisedAt } };
    }
    case 'SlashingProposed':
    case 'SlashingAppealed':
    case 'SlashingDecided':
      return evolveSlashing(miner, event);
    default:
      return unreachable(event);
  }
};

const withoutAllocation = (miner: Miner, vmId: VmId): Miner => {
  const held = miner.allocations.get(vmId);
  if (held === undefined) return miner;
  return {
    ...miner,
    reserved: subtractSize(miner.reserved, held.size),
    allocations: withoutEntry(miner.allocations, vmId),
  };
};

const settle = (miner: Miner, vmId: VmId, generation: number): Miner => ({
  ...miner,
  settled: withRecent(miner.settled, vmId, Math.max(generation, miner.settled.get(vmId) ?? generation), settledMax),
});
