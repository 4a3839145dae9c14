import {
  createMemoryCheckpoints,
  createMemoryEventStore,
  createMemoryFoldSnapshots,
  createSeededIds,
} from '#adapters/memory';
import {
  type AccountId,
  credits,
  type DepositId,
  type HoldId,
  type ImageDigest,
  type MinerCommand,
  type MinerId,
  type Size,
  standardFlavors,
  type UnixMs,
  type VmCommand,
  type VmId,
  type VmObservation,
} from '#domain';
import {
  aggregates,
  bootIdOf,
  type Checkpoints,
  type Clock,
  type EventStore,
  type FoldSnapshots,
  handle,
  type Ids,
  type Outcome,
  type RecordedEvent,
  readWholeStream,
  type StreamName,
} from '#events';

type WithoutNow<Command> = Command extends unknown ? Omit<Command, 'now'> : never;

/** A store with a clock that stands still until told, and the commands that people and miners give. Same calls, same log. */
export type Bench = {
  readonly store: EventStore;
  readonly checkpoints: Checkpoints;
  /** Of folds, made so often that a next life mostly begins with one. */
  readonly snapshots: FoldSnapshots;
  readonly clock: Clock & { pass(ms: number): void };
  readonly ids: Ids;
  account(amountCredits: bigint): Promise<AccountId>;
  /** Invited, enrolled, attached and with a capacity. */
  miner(capacity: Size): Promise<MinerId>;
  request(accountId: AccountId, flavorId?: string): Promise<VmId>;
  /** Requested, admitted, proposed, reserved and placed on a miner, as generation 1. */
  placed(accountId: AccountId, minerId: MinerId): Promise<VmId>;
  /** A miner's report of a VM's generation 1. */
  observe(vmId: VmId, minerId: MinerId, sequence: number, observation: VmObservation): Promise<Outcome>;
  vm(vmId: VmId, command: WithoutNow<VmCommand>): Promise<Outcome>;
  onMiner(minerId: MinerId, command: WithoutNow<MinerCommand>): Promise<Outcome>;
  /** Every event so far, oldest first. */
  log(): Promise<readonly RecordedEvent[]>;
  /** Types of a stream's events. */
  types(stream: string): Promise<readonly string[]>;
};

export const benchStartsAt: UnixMs = Date.UTC(2030, 0, 1);

export const createBench = (): Bench => {
  const store = createMemoryEventStore();
  const ids = createSeededIds('bench');
  let now = benchStartsAt;
  const clock = {
    now: () => now,
    sleep: async () => undefined,
    pass: (ms: number) => {
      now += ms;
    },
  };
  const meta = () => {
    const commandId = ids.uuid();
    return {
      commandId,
      actor: 'system:bench',
      correlationId: commandId,
      causationId: commandId,
      traceparent: null,
    } as const;
  };
  const vm: Bench['vm'] = (vmId, command) => handle({ store, clock }, aggregates.vm, vmId, { ...command, now }, meta());
  const onMiner: Bench['onMiner'] = (minerId, command) =>
    handle({ store, clock }, aggregates.miner, minerId, { ...command, now }, meta());

  const request: Bench['request'] = async (accountId, flavorId = 'nano') => {
    const flavor = standardFlavors.find((candidate) => candidate.flavorId === flavorId);
    if (flavor === undefined) throw new Error(`no flavor ${flavorId}`);
    const vmId = ids.uuid() as VmId;
    await vm(vmId, {
      type: 'RequestVm',
      ...{ vmId, accountId, flavorId, size: flavor.size, firstHold: flavor.pricePerHour },
      ...{ name: 'web', imageDigest: 'cd'.repeat(32) as ImageDigest, sshPublicKeys: [], restartPolicy: 'always' },
      volume: { kind: 'plain' },
    });
    return vmId;
  };

  return {
    ...{ store, clock, ids, vm, onMiner, request },
    checkpoints: createMemoryCheckpoints(store),
    snapshots: createMemoryFoldSnapshots({ everyEvents: 3 }),
    account: async (amountCredits) => {
      const accountId = ids.uuid() as AccountId;
      const open = { type: 'OpenAccount', accountId, name: 'Ada', now } as const;
      await handle({ store, clock }, aggregates.account, accountId, open, meta());
      const deposit = { type: 'DepositCredits', source: 'operator-grant', note: '', now } as const;
      const funds = { depositId: ids.uuid() as DepositId, amount: credits(amountCredits) };
      await handle({ store, clock }, aggregates.account, accountId, { ...deposit, ...funds }, meta());
      return accountId;
    },
    miner: async (capacity) => {
      const minerId = ids.uuid() as MinerId;
      const joinTokenSha256 = 'ab'.repeat(32);
      await onMiner(minerId, { type: 'InviteMiner', minerId, name: 'host', joinTokenSha256, expiresAt: now + 1 });
      await onMiner(minerId, { type: 'EnrolMiner', natsPublicKey: `U${'A'.repeat(55)}`, joinTokenSha256 });
      await onMiner(minerId, { type: 'AttachMiner', ...hostFacts, agentEpoch: 1 });
      await onMiner(minerId, { type: 'DeclareCapacity', capacity });
      return minerId;
    },
    placed: async (accountId, minerId) => {
      const vmId = await request(accountId);
      await vm(vmId, { type: 'AdmitVm', holdId: ids.uuid() as HoldId });
      await vm(vmId, { type: 'ProposePlacement', minerId, snapshotPosition: 'memory.1' });
      await onMiner(minerId, { type: 'ReserveAllocation', vmId, generation: 1, size: roomFor(1) });
      await vm(vmId, { type: 'ConfirmPlacement', minerId, generation: 1, nextBootId: bootIdOf(ids.uuid()) });
      return vmId;
    },
    observe: (vmId, minerId, sequence, observation) => {
      const report = { minerId, generation: 1, agentEpoch: 1, sequence, observation };
      return vm(vmId, { type: 'ObserveVm', ...report, nextBootId: bootIdOf(ids.uuid()) });
    },
    log: async () => (await store.readAll()).events,
    types: async (stream) => (await readWholeStream(store, stream as StreamName)).map(({ type }) => type),
  };
};

export const hostFacts = {
  agentVersion: '1.0.0',
  hostBootId: 'kernel-1',
  accelerator: 'tcg',
  platform: 'none',
  cpuModel: 'bench',
} as const;

/** The size of a flavor `times` over: a miner with room for that many. */
export const roomFor = (times: number, flavorId = 'nano'): Size => {
  const { vcpus, memoryBytes, diskBytes } = standardFlavors.find((flavor) => flavor.flavorId === flavorId)?.size ?? {
    ...{ vcpus: 0, memoryBytes: 0, diskBytes: 0 },
  };
  return { vcpus: vcpus * times, memoryBytes: memoryBytes * times, diskBytes: diskBytes * times };
};
