import type { MinerId, Size, UnixMs } from '#domain';
import type { VmReport } from '#events';
import { observe } from '../../apps/miner-node/src/converge/index.ts';
import { converge, createGuest, type Guest, type Host, takeSpec } from './guest.ts';
import { untrue } from './lies.ts';
import type { Network } from './network.ts';
import type { PlantedBug } from './plan.ts';

export type SimMiner = {
  readonly minerId: MinerId;
  /** Everything the host and its agent do at this moment. */
  tick(): void;
  /** Something goes wrong on the host; `calm` ends it all. */
  suffer(): void;
  calm(): void;
  /** Sends a report that is not true. */
  lie(): void;
  /** The host gets another capacity, or the one it had at first. */
  resize(capacity: Size | 'as-at-first'): void;
  capacity(): Size;
  readonly guests: ReadonlyMap<string, Guest>;
};

export type MinerParts = Pick<Host, 'now' | 'random' | 'onLaunch' | 'onRemove'> & {
  readonly minerId: MinerId;
  readonly network: Network;
  readonly capacity: Size;
  readonly bug: PlantedBug | null;
  /** Specs of other hosts' VMs: what a liar has heard of. */
  readonly gossip: () => readonly Guest[];
};

const beatMs = 2_000;
const reportAllMs = 30_000;
const syncMs = 10_000;
const hostDownMs = 20_000;
const hostStopMs = 15_000;

/** A host with its agent: keeps the rules of converging, and suffers everything that hosts suffer. */
export const createSimMiner = (parts: MinerParts): SimMiner => {
  const { minerId, network, now, random, bug } = parts;
  const guests = new Map<string, Guest>();
  const said = new Map<string, string>();
  let { capacity } = parts;
  let agentEpoch = 0;
  let hostBoots = 1;
  let sequence = 0;
  let downUntil: UnixMs = 0;
  let unreachableUntil: UnixMs = 0;
  let stopsAt: UnixMs | null = null;
  let [isUp, isSynced, isHostSaid] = [false, false, false];
  let syncAt: UnixMs = 0;
  let reportAllAt: UnixMs = 0;
  let beatAt: UnixMs = 0;

  const host: Host = {
    ...parts,
    hostBootId: () => `boot-${hostBoots}`,
    agentEpoch: () => agentEpoch,
    hostStopping: () => stopsAt !== null,
  };
  const isReachable = (): boolean => isUp && now() >= unreachableUntil;

  const startAgent = (): void => {
    isUp = true;
    isSynced = false;
    isHostSaid = false;
    agentEpoch += 1;
    sequence = 0;
    said.clear();
    reportAllAt = now() + reportAllMs;
    for (const guest of guests.values()) {
      Object.assign(guest, { fresh: null, stopping: null, exit: null, removed: null });
      if (bug === 'miner-relaunches-boot' && guest.record !== null) guest.record = { ...guest.record, boot: null };
      if (bug === 'absent-spec-removes' && guest.record !== null && random.chance(0.3)) {
        guest.fresh = { ...guest.record.spec, desired: 'absent' };
      }
    }
  };
  const stopAgent = (downMs: number): void => {
    isUp = false;
    downUntil = now() + downMs;
  };
  const powerCycle = (): void => {
    hostBoots += 1;
    stopsAt = null;
    for (const guest of guests.values()) guest.qemu = null;
    stopAgent(hostDownMs);
  };

  const say = (guest: Guest): void => {
    const fence = guest.record?.spec ?? guest.fresh ?? guest.removed;
    const observation = observe(guest.record, guest.fresh, { sshHost: 'host.example', agentEpoch });
    if (fence === null || observation === null) return;
    const text = JSON.stringify([fence.generation, `${fence.specRevision}`, observation]);
    if (said.get(guest.vmId) === text) return;
    sequence += 1;
    const { generation, specRevision } = fence;
    const report: VmReport = { vmId: guest.vmId, generation, specRevision, agentEpoch, sequence, observation };
    if (network.report(minerId, report)) said.set(guest.vmId, text);
  };

  const talk = (): void => {
    if (beatAt <= now()) {
      beatAt = now() + beatMs;
      network.beat(minerId);
    }
    if (!isSynced && syncAt <= now()) {
      syncAt = now() + syncMs;
      network.sync(minerId, () => {
        isSynced = true;
      });
    }
    if (reportAllAt <= now()) {
      reportAllAt = now() + reportAllMs;
      said.clear();
      isHostSaid = false;
    }
    if (!isHostSaid) {
      const facts = { agentVersion: '1.0.0', accelerator: 'tcg', platform: 'none', cpuModel: 'simulated' } as const;
      isHostSaid = network.reportHost(minerId, { agentEpoch, hostBootId: host.hostBootId(), ...facts, capacity });
    }
    for (const guest of guests.values()) say(guest);
  };

  network.listen(minerId, {
    isReachable,
    connection: () => agentEpoch,
    take: (spec) => {
      const guest = guests.get(spec.vmId) ?? createGuest(spec.vmId);
      guests.set(spec.vmId, guest);
      takeSpec(guest, spec);
      // A spec that comes twice is answered twice.
      said.delete(spec.vmId);
      return 'ack';
    },
  });

  return {
    minerId,
    guests,
    capacity: () => capacity,
    tick: () => {
      if (!isUp && now() >= downUntil) startAgent();
      if (!isUp) return;
      for (const guest of guests.values()) converge(guest, host);
      if (stopsAt !== null && stopsAt <= now()) return powerCycle();
      if (isReachable()) talk();
    },
    suffer: () => {
      const trouble = random.pick([
        'guest',
        'guest',
        'guest',
        'agent',
        'agent',
        'power',
        'shutdown',
        'network',
      ] as const);
      if (trouble === 'agent') return stopAgent(random.between(1_000, 30_000));
      if (trouble === 'power') return powerCycle();
      if (trouble === 'network') unreachableUntil = now() + random.between(1_000, 90_000);
      if (trouble === 'shutdown') stopsAt ??= now() + hostStopMs;
      const running = [...guests.values()].filter(({ qemu }) => qemu !== null);
      if (trouble !== 'guest' || running.length === 0) return;
      const { qemu } = random.pick(running);
      if (qemu !== null) Object.assign(qemu, { endsAt: now(), endsBy: random.pick(['guest-shutdown', 'guest-reset']) });
    },
    calm: () => {
      unreachableUntil = 0;
      downUntil = 0;
    },
    lie: () => {
      if (!isReachable()) return;
      const own = [...guests.values()];
      const heard = [...own, ...parts.gossip()].filter(({ record }) => record !== null);
      if (heard.length === 0) return;
      const guest = random.pick(heard);
      sequence += 1;
      network.report(minerId, { ...untrue(guest, own.includes(guest), random), agentEpoch, sequence });
    },
    resize: (next) => {
      capacity = next === 'as-at-first' ? parts.capacity : next;
      isHostSaid = false;
    },
  };
};
