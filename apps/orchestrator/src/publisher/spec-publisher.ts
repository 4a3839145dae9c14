import {
  type DesiredSpec,
  desiredSpec,
  type FormerSpec,
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
  /** Puts one VM's spec as its stream says it now. */
  publish(vmId: VmId): Promise<void>;
  /** Puts every placed VM's spec again where the bus lost or never had it. */
  repair(): Promise<void>;
};

/**
 * Keeps the whole desired spec of every placed VM on the bus. Specs are never relayed from history: each is folded from
 * its stream at the moment it is put, so an old event can only repeat the newest truth.
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

  /** Miners that held it before are told what becomes of what they have, until each has removed it. */
  const putFormer = async (former: readonly FormerSpec[]): Promise<void> => {
    for (const { minerId, spec } of former) await bus.putSpec(minerId, spec);
  };

  const publish = async (vmId: VmId): Promise<void> => {
    const current = await currentSpec(store, vmId, access);
    if (current === null) return;
    await bus.putSpec(current.minerId, current.spec);
    await putFormer(current.former);
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
    const current = await currentSpec(store, known.id, access);
    if (current === null) return;
    // Folded now, so an old event seen again finds a VM that is gone, and puts nothing that nobody would take away.
    if (current.terminated) await bus.purgeSpec(current.minerId, known.id);
    else await bus.putSpec(current.minerId, current.spec);
    await putFormer(current.former);
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
      for (const vmId of kept.state().keys()) await publish(vmId);
    },
  };
};

/** Who holds each VM. */
type Placed = Map<VmId, MinerId>;

const absorb = (placed: Placed, id: VmId, event: VmEvent): void => {
  if (event.type === 'VmPlaced') placed.set(id, event.minerId);
  if (event.type === 'VmTerminated') placed.delete(id);
};

type Current = {
  readonly minerId: MinerId;
  readonly spec: DesiredSpec;
  readonly former: readonly FormerSpec[];
  readonly terminated: boolean;
};

/** A VM's spec and its miner, folded now; `null` while nobody holds it. Its revision is that of the last event that changed it. */
export const currentSpec = async (store: EventStore, vmId: VmId, access: AccessMessage): Promise<Current | null> => {
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
  const former = formerSpecs(state, specRevision);
  if (spec.sealed === undefined) return { minerId, spec, former, terminated };
  // Who may log in is the guest's business: its miner only passes on what the network signed for it.
  return { minerId, spec: { ...spec, sealed: { ...spec.sealed, access: access(state) } }, former, terminated };
};
