import type { MemoryBus } from '#adapters/memory';
import type { DesiredSpec, MinerId, Size, UnixMs } from '#domain';
import type { Handled, MinerBus, Stop } from '#events';
import { converge } from './converge.ts';
import { createGuest, endQemu, type Guest, type Host, knowsNothing, takeSpec } from './guest.ts';
import { falseAbsent, untrue } from './lies.ts';
import type { PlantedBug } from './planted.ts';
import type { SimAttestor } from './sealed/attestor.ts';
import { tryForKey } from './sealed/impostor.ts';
import { createRelay } from './sealed/relay.ts';
import { createVoice } from './voice.ts';

export type SimMiner = {
  readonly minerId: MinerId;
  /** Everything the host and its agent do at this moment. */
  tick(): void;
  suffer(trouble: Suffering): void;
  /** Nothing is wrong any more, and nothing untrue is said. */
  calm(): void;
  capacity(): Size;
  /** The host gets another capacity, or the one it had at first. */
  resize(capacity: Size | 'as-at-first'): void;
  readonly guests: ReadonlyMap<string, Guest>;
  /** Those whose disks this host cannot read. */
  sealedGuests(): readonly Guest[];
};

export type Suffering =
  | 'guest-ends'
  | 'agent-restarts'
  | 'host-loses-power'
  | 'host-shuts-down'
  | 'miner-vanishes'
  | 'miner-lies'
  | 'miner-says-absent'
  | 'report-is-replayed'
  | 'starts-fail'
  | 'clock-jumps'
  | SealedSuffering;

/** What a host may do to its sealed guests. */
export type SealedSuffering =
  | 'disk-is-rolled-back'
  | 'old-answer-is-given'
  | 'request-is-held-back'
  | 'key-is-tried-for';

export type MinerParts = Omit<Host, 'relay' | 'now' | 'hostBootId' | 'agentEpoch' | 'hostStopping' | 'startsFail'> & {
  readonly bus: MemoryBus;
  readonly attestor: SimAttestor;
  readonly now: () => UnixMs;
  readonly capacity: Size;
  readonly bug: PlantedBug | null;
  /** VMs of other hosts: what a liar has heard of. */
  readonly gossip: () => readonly Guest[];
};

const hostDownMs = 20_000;
const hostStopMs = 15_000;

/** A host with its agent: keeps the rules of converging, and suffers everything that hosts suffer. */
export const createSimMiner = (parts: MinerParts): SimMiner => {
  const { minerId, bus, random, bug } = parts;
  const guests = new Map<string, Guest>();
  let { capacity } = parts;
  let [agentEpoch, hostBoots, offsetMs] = [0, 1, 0];
  let [downUntil, unreachableUntil, startsFailUntil]: UnixMs[] = [0, 0, 0];
  let stopsAt: UnixMs | null = null;
  let connection: { readonly bus: MinerBus; readonly listening: Promise<Stop> } | null = null;

  const relay = createRelay(parts.time.clock, random);
  const isCut = (): boolean => parts.now() < (unreachableUntil ?? 0);
  const host: Host = {
    ...{ ...parts, relay },
    now: () => parts.now() + offsetMs,
    startsFail: () => parts.now() < (startsFailUntil ?? 0),
    hostBootId: () => `boot-${hostBoots}`,
    agentEpoch: () => agentEpoch,
    hostStopping: () => stopsAt !== null,
  };
  const voice = createVoice({
    now: parts.now,
    agentEpoch: () => agentEpoch,
    hostBootId: host.hostBootId,
    capacity: () => capacity,
  });

  const take = async (spec: DesiredSpec): Promise<Handled> => {
    const guest = guests.get(spec.vmId) ?? createGuest(spec.vmId);
    guests.set(spec.vmId, guest);
    takeSpec(guest, spec);
    // A spec that comes twice is answered twice.
    voice.sayAgain(spec.vmId);
    return 'ack';
  };
  const startAgent = (): void => {
    agentEpoch += 1;
    for (const guest of guests.values()) {
      Object.assign(guest, knowsNothing);
      if (bug === 'miner-relaunches-boot' && guest.record !== null) guest.record = { ...guest.record, boot: null };
      if (bug === 'absent-spec-removes' && guest.record !== null && random.chance(0.3)) {
        guest.fresh = { ...guest.record.spec, desired: 'absent' };
      }
    }
    const opened = bus.miner(minerId);
    connection = { bus: opened, listening: opened.onSpec(take) };
    relay.connect({ attestation: parts.attestor.busOf(minerId, isCut), guests: opened.guests });
    voice.begin(opened);
  };
  const stopAgent = (downMs: number): void => {
    downUntil = parts.now() + downMs;
    void connection?.bus.close();
    relay.disconnect();
    connection = null;
  };
  const powerCycle = (): void => {
    hostBoots += 1;
    stopsAt = null;
    for (const guest of guests.values()) endQemu(guest);
    stopAgent(hostDownMs);
  };
  const vanish = (): void => {
    unreachableUntil = parts.now() + random.between(1_000, 90_000);
    bus.cut(minerId);
  };
  const endGuest = (): void => {
    const running = [...guests.values()].flatMap(({ qemu }) => (qemu === null ? [] : [qemu]));
    if (running.length === 0) return;
    const endsBy = random.pick(['guest-shutdown', 'guest-reset', 'guest-panic', 'unknown'] as const);
    Object.assign(random.pick(running), { endsAt: host.now(), endsBy });
  };
  const lie = (trouble: 'miner-lies' | 'miner-says-absent'): void => {
    const own = [...guests.values()];
    const known = (guest: Guest) => guest.record !== null;
    const mostlyOwn = own.some(known) && random.chance(0.8) ? own : parts.gossip();
    const heard = mostlyOwn.filter(known);
    if (heard.length === 0) return;
    const guest = random.pick(heard);
    const isOwn = own.includes(guest);
    voice.claim(trouble === 'miner-lies' ? untrue(guest, isOwn, random) : falseAbsent(guest, isOwn));
  };
  const sealedGuests = () => [...guests.values()].filter(({ record }) => record?.disk?.kind === 'volume');
  const mistreat = (trouble: SealedSuffering): void => {
    const sealed = sealedGuests();
    if (sealed.length === 0) return;
    const guest = random.pick(sealed);
    const { vmId, oldVolumes } = guest;
    if (trouble === 'old-answer-is-given') relay.deceive(vmId, 'answers-with-an-old-answer');
    else if (trouble === 'request-is-held-back') relay.deceive(vmId, 'holds-the-request-back');
    else if (trouble === 'disk-is-rolled-back') guest.volume = oldVolumes.length > 0 ? random.pick(oldVolumes) : null;
    else if (random.chance(0.3)) void steal(guest);
    // Before its guest has asked, or right after: what was never given is the easier to get.
    else relay.deceive(vmId, random.pick(['tries-first', 'tries-after'] as const), () => steal(guest));
  };
  const steal = async ({ record }: Guest): Promise<void> => {
    if (record === null) return;
    const others = parts.gossip();
    const other = others.length === 0 ? null : random.pick(others).vmId;
    await tryForKey({ ...parts, spec: record.spec, other, askOf: relay.honestlyFor });
  };

  return {
    minerId,
    guests,
    sealedGuests,
    capacity: () => capacity,
    tick: () => {
      if ((unreachableUntil ?? 0) <= parts.now()) bus.heal(minerId);
      if (connection === null && parts.now() >= (downUntil ?? 0)) startAgent();
      if (connection === null) return;
      for (const guest of guests.values()) converge(guest, host);
      if (stopsAt !== null && stopsAt <= host.now()) return powerCycle();
      voice.speak([...guests.values()]);
    },
    suffer: (trouble) => {
      if (trouble === 'guest-ends') endGuest();
      else if (trouble === 'agent-restarts') stopAgent(random.between(1_000, 30_000));
      else if (trouble === 'host-loses-power') powerCycle();
      else if (trouble === 'host-shuts-down') stopsAt ??= host.now() + hostStopMs;
      else if (trouble === 'miner-vanishes') vanish();
      else if (trouble === 'starts-fail') startsFailUntil = parts.now() + random.between(5_000, 60_000);
      else if (trouble === 'clock-jumps') offsetMs = random.between(-120_000, 120_000);
      else if (trouble === 'report-is-replayed') voice.replay(random);
      else if (trouble === 'miner-lies' || trouble === 'miner-says-absent') lie(trouble);
      else mistreat(trouble);
    },
    calm: () => {
      relay.calm();
      [unreachableUntil, downUntil, startsFailUntil, offsetMs] = [0, 0, 0, 0];
    },
    resize: (next) => {
      capacity = next === 'as-at-first' ? parts.capacity : next;
      voice.sayHostAgain();
    },
  };
};
