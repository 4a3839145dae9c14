import {
  type DesiredSpec,
  desiredSpec,
  formerSpecs,
  type MinerId,
  type VmEvent,
  type VmId,
  type VmState,
  vm,
} from '#domain';
import {
  aggregates,
  type Checkpoints,
  categoryOf,
  createKeptFold,
  type EventStore,
  type FoldSnapshots,
  type OrchestratorBus,
  type Position,
  type RecordedEvent,
  readWholeStream,
  type Sink,
  streamName,
  UnknownEvent,
} from '#events';
import { decodeKnown, tryDecode } from '../processes/decoded.ts';
import type { AccessMessage } from '../sealed/access-message.ts';

/** The events after which a miner must be told something new. */
const changesSpec: ReadonlySet<VmEvent['type']> = new Set<VmEvent['type']>([
  'VmPlaced',
  'BootAuthorized',
  'VmBootSpecified',
  'VmKeyReleased',
  'VmBootConfirmed',
  'VmStartRequested',
  'VmStopRequested',
  'VmResized',
  'VmSshKeysChanged',
  'VmBackupRequested',
  'VmBackupMade',
  'VmBackupFailed',
  'VmBackupRemoved',
  'VmTerminationRequested',
]);

export type SpecPublisher = Sink & {
  /** Puts one VM's spec as its stream says it now, also that of a VM that is gone. */
  publish(vmId: VmId): Promise<void>;
  /** Puts every placed VM's spec again where the bus lost or never had it. */
  repair(): Promise<void>;
};

/**
 * Keeps the whole desired spec of every placed VM on the bus. Specs are never relayed from history: each is folded from
 * its stream at the moment it is put, so an old event can only repeat the newest truth; and after its subject was looked
 * at, so a replica that stands still in between puts back nothing that was purged meanwhile (ADR-0052).
 */
export const createSpecPublisher = ({
  store,
  bus,
  checkpoints,
  snapshots,
  access,
}: {
  readonly store: EventStore;
  readonly bus: Pick<OrchestratorBus, 'putSpec' | 'purgeSpec'>;
  readonly checkpoints: Checkpoints;
  readonly snapshots: FoldSnapshots;
  readonly access: AccessMessage;
}): SpecPublisher => {
  const name = 'spec-publisher';
  const kept = createKeptFold({
    ...{ name, store, snapshots, initial: (): Placed => new Map() },
    absorb: (placed, recorded) => {
      if (recorded.type !== 'VmPlaced' && recorded.type !== 'VmTerminated') return true;
      const known = tryDecode(recorded);
      if (known?.category === 'vm') absorb(placed, known.id, known.event);
      return known !== null;
    },
  });

  /** Tells miner after miner, each from a fold of its own. It begins with `first`: the fold for that one names the others. */
  const tellAll = async (vmId: VmId, first: MinerId, fold: () => Promise<Told>): Promise<void> => {
    const asked = new Set<MinerId>();
    for (let minerId: MinerId | undefined = first; minerId !== undefined; ) {
      const to: MinerId = minerId;
      let told: Told = new Map();
      asked.add(to);
      await bus.putSpec(to, vmId, async () => {
        told = await fold();
        return told.get(to) ?? null;
      });
      minerId = [...told.keys()].find((other) => !asked.has(other));
    }
  };

  const current = (vmId: VmId): Promise<Current | null> => currentSpec(store, vmId, access);
  const toldNow = (vmId: VmId) => async (): Promise<Told> => (await current(vmId))?.told ?? new Map();
  /** Folded now, so an old event seen again finds a VM that is gone, and puts nothing that nobody would take away. */
  const toldWhileThere = (vmId: VmId) => async (): Promise<Told> => {
    const found = await current(vmId);
    if (found === null) return new Map();
    return found.terminated ? new Map([...found.told].filter(([minerId]) => minerId !== found.minerId)) : found.told;
  };

  const publish = async (vmId: VmId): Promise<void> => {
    const found = await current(vmId);
    if (found !== null) await tellAll(vmId, found.minerId, toldNow(vmId));
  };

  /** A miner that removed its copy needs to be told nothing more, unless it has the VM again. */
  const forget = async (vmId: VmId, minerId: MinerId): Promise<void> => {
    if (kept.state().get(vmId) !== minerId) await bus.purgeSpec(minerId, vmId);
  };

  const load = async (): Promise<Position | null> => {
    const saved = await checkpoints.load(name);
    kept.forget();
    return saved === 'none' ? null : saved;
  };

  /** What an event of a VM changes for those who hold it. */
  const tell = async (recorded: RecordedEvent): Promise<void> => {
    const known = decodeKnown(recorded);
    if (known.category !== 'vm') return;
    absorb(kept.state(), known.id, known.event);
    if (known.event.type === 'VmCopyRemoved') await forget(known.id, known.event.minerId);
    if (known.event.type !== 'VmTerminated' && !changesSpec.has(known.event.type)) return;
    const holder = kept.state().get(known.id) ?? (await purgeGone(known.id));
    if (holder !== null) await tellAll(known.id, holder, toldWhileThere(known.id));
  };

  /** Forgets what the last holder of a VM that is gone was told; who that was, or `null` for one that nobody held. */
  const purgeGone = async (vmId: VmId): Promise<MinerId | null> => {
    const found = await current(vmId);
    if (found?.terminated === true) await bus.purgeSpec(found.minerId, vmId);
    return found?.minerId ?? null;
  };

  return {
    load,
    restore: kept.restore,
    apply: (recorded) => {
      kept.took(recorded);
      return categoryOf(recorded.stream) === 'vm' ? tell(recorded) : undefined;
    },
    commit: async (position, without) => {
      await checkpoints.save(name, position);
      await kept.keep(without);
    },
    publish,
    repair: async () => {
      for (const [vmId, minerId] of kept.state()) {
        try {
          await tellAll(vmId, minerId, toldWhileThere(vmId));
        } catch (error) {
          // Parked, or skipped by somebody: that is told there, and holds up this VM and no other.
          if (!(error instanceof UnknownEvent)) throw error;
        }
      }
    },
  };
};

/** Who holds each VM. */
type Placed = Map<VmId, MinerId>;

const absorb = (placed: Placed, id: VmId, event: VmEvent): void => {
  if (event.type === 'VmPlaced') placed.set(id, event.minerId);
  if (event.type === 'VmTerminated') placed.delete(id);
};

/** What each miner is told of a VM: the one that has it, and those that had it until each has removed what it has. */
type Told = ReadonlyMap<MinerId, DesiredSpec>;

type Current = { readonly minerId: MinerId; readonly told: Told; readonly terminated: boolean };

/** What is told of a VM, folded now; `null` while nobody holds it. The revision is that of the last event that changed it. */
const currentSpec = async (store: EventStore, vmId: VmId, access: AccessMessage): Promise<Current | null> => {
  let state: VmState = vm.initial;
  let specRevision = 0n;
  for (const recorded of await readWholeStream(store, streamName('vm', vmId))) {
    const event = aggregates.vm.codec.decode(recorded);
    state = vm.evolve(state, event);
    if (changesSpec.has(event.type)) specRevision = recorded.revision;
  }
  const spec = state === null ? null : desiredSpec(state, specRevision);
  if (state === null || state.placement === null || spec === null) return null;
  const { minerId } = state.placement;
  const terminated = state.observed === 'terminated';
  // Who may log in is the guest's business: its miner only passes on what the network signed for it.
  const sealed = spec.sealed === undefined ? undefined : { ...spec.sealed, access: access(state) };
  const former = formerSpecs(state, specRevision).map((copy) => [copy.minerId, copy.spec] as const);
  const told = new Map([...former, [minerId, sealed === undefined ? spec : { ...spec, sealed }]]);
  return { minerId, told, terminated };
};
