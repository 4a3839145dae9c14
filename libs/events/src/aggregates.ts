import {
  type AccountCommand,
  type AccountEvent,
  type AccountState,
  type AppraisalCommand,
  type AppraisalEvent,
  type AppraisalState,
  account,
  appraisal,
  type Decider,
  type DeviceCommand,
  type DeviceEvent,
  type DeviceState,
  device,
  type FlavorCommand,
  type FlavorEvent,
  type FlavorState,
  flavor,
  type ImageCommand,
  type ImageEvent,
  type ImageState,
  image,
  type MinerCommand,
  type MinerEvent,
  type MinerState,
  miner,
  type NetworkCommand,
  type NetworkEvent,
  type NetworkState,
  network,
  type PolicyCommand,
  type PolicyEvent,
  type PolicyState,
  policy,
  type VmCommand,
  type VmEvent,
  type VmState,
  vm,
} from '#domain';
import { type Codec, createCodec } from './codec.ts';
import type { Category } from './names.ts';
import type { ParkedEvent } from './parking.ts';
import { parkedCodec } from './parking-stream.ts';
import { accountEvents } from './schemas/account.ts';
import { appraisalEvents } from './schemas/appraisal.ts';
import { deviceEvents } from './schemas/device.ts';
import { flavorEvents } from './schemas/flavor.ts';
import { imageEvents, imageUpcasters } from './schemas/image.ts';
import { minerEvents } from './schemas/miner.ts';
import { networkEvents } from './schemas/network.ts';
import { policyEvents } from './schemas/policy.ts';
import { vmEvents } from './schemas/vm.ts';
import { vmSealedUpcasters } from './schemas/vm-sealed.ts';

/** A stream category with its rules and its stored format. */
export type Aggregate<State, Command, Event extends { readonly type: string }> = {
  readonly category: Category;
  readonly decider: Decider<State, Command, Event>;
  readonly codec: Codec<Event>;
  /** The command that begins its streams: as a rule there is none yet, so the pipe does not look first. */
  readonly begins?: string;
};

export const aggregates = {
  vm: {
    category: 'vm',
    decider: vm,
    codec: createCodec<VmEvent>(vmEvents, vmSealedUpcasters),
    begins: 'RequestVm' satisfies VmCommand['type'],
  } satisfies Aggregate<VmState, VmCommand, VmEvent>,
  account: {
    category: 'account',
    decider: account,
    codec: createCodec<AccountEvent>(accountEvents),
    begins: 'OpenAccount' satisfies AccountCommand['type'],
  } satisfies Aggregate<AccountState, AccountCommand, AccountEvent>,
  miner: {
    category: 'miner',
    decider: miner,
    codec: createCodec<MinerEvent>(minerEvents),
    begins: 'InviteMiner' satisfies MinerCommand['type'],
  } satisfies Aggregate<MinerState, MinerCommand, MinerEvent>,
  image: {
    category: 'image',
    decider: image,
    codec: createCodec<ImageEvent>(imageEvents, imageUpcasters),
  } satisfies Aggregate<ImageState, ImageCommand, ImageEvent>,
  flavor: { category: 'flavor', decider: flavor, codec: createCodec<FlavorEvent>(flavorEvents) } satisfies Aggregate<
    FlavorState,
    FlavorCommand,
    FlavorEvent
  >,
  appraisal: {
    category: 'appraisal',
    decider: appraisal,
    codec: createCodec<AppraisalEvent>(appraisalEvents),
  } satisfies Aggregate<AppraisalState, AppraisalCommand, AppraisalEvent>,
  device: { category: 'device', decider: device, codec: createCodec<DeviceEvent>(deviceEvents) } satisfies Aggregate<
    DeviceState,
    DeviceCommand,
    DeviceEvent
  >,
  policy: { category: 'policy', decider: policy, codec: createCodec<PolicyEvent>(policyEvents) } satisfies Aggregate<
    PolicyState,
    PolicyCommand,
    PolicyEvent
  >,
  network: {
    category: 'network',
    decider: network,
    codec: createCodec<NetworkEvent>(networkEvents),
  } satisfies Aggregate<NetworkState, NetworkCommand, NetworkEvent>,
  /** Its rules are of single events on a stream that many share: {@link handleParked}. */
  parked: { category: 'parked', codec: parkedCodec } satisfies Pick<
    Aggregate<never, never, ParkedEvent>,
    'category' | 'codec'
  >,
} as const;

/** Any event the network records. */
export type DomainEvent =
  | (VmEvent | AccountEvent | MinerEvent | ImageEvent | FlavorEvent | ParkedEvent)
  | (AppraisalEvent | DeviceEvent | PolicyEvent | NetworkEvent);
