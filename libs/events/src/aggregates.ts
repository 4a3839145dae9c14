import {
  type AccountCommand,
  type AccountEvent,
  type AccountState,
  account,
  type Decider,
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
import { flavorEvents } from './schemas/flavor.ts';
import { imageEvents, imageUpcasters } from './schemas/image.ts';
import { minerEvents } from './schemas/miner.ts';
import { vmEvents } from './schemas/vm.ts';

/** A stream category with its rules and its stored format. */
export type Aggregate<State, Command, Event extends { readonly type: string }> = {
  readonly category: Category;
  readonly decider: Decider<State, Command, Event>;
  readonly codec: Codec<Event>;
};

export const aggregates = {
  vm: { category: 'vm', decider: vm, codec: createCodec<VmEvent>(vmEvents) } satisfies Aggregate<
    VmState,
    VmCommand,
    VmEvent
  >,
  account: {
    category: 'account',
    decider: account,
    codec: createCodec<AccountEvent>(accountEvents),
  } satisfies Aggregate<AccountState, AccountCommand, AccountEvent>,
  miner: { category: 'miner', decider: miner, codec: createCodec<MinerEvent>(minerEvents) } satisfies Aggregate<
    MinerState,
    MinerCommand,
    MinerEvent
  >,
  image: {
    category: 'image',
    decider: image,
    codec: createCodec<ImageEvent>(imageEvents, imageUpcasters),
  } satisfies Aggregate<ImageState, ImageCommand, ImageEvent>,
  /** Its rules are of single events on a stream that many share: {@link handleParked}. */
  flavor: { category: 'flavor', decider: flavor, codec: createCodec<FlavorEvent>(flavorEvents) } satisfies Aggregate<
    FlavorState,
    FlavorCommand,
    FlavorEvent
  >,
  parked: { category: 'parked', codec: parkedCodec } satisfies Pick<
    Aggregate<never, never, ParkedEvent>,
    'category' | 'codec'
  >,
} as const;

/** Any event the network records. */
export type DomainEvent = VmEvent | AccountEvent | MinerEvent | ImageEvent | FlavorEvent | ParkedEvent;
