import { Command } from '@nestjs/cqrs';
import type {
  AccountCommand,
  AccountId,
  DeviceCommand,
  FlavorCommand,
  ImageCommand,
  ImageDigest,
  MinerCommand,
  MinerId,
  PolicyCommand,
  VmCommand,
  VmId,
} from '#domain';
import type { CommandMeta, Outcome, ParkedCommand } from '#events';

// One message per aggregate: what is asked of one stream, by whom and why.

export class HandleVm extends Command<Outcome> {
  constructor(
    readonly id: VmId,
    readonly command: VmCommand,
    readonly meta: CommandMeta,
  ) {
    super();
  }
}

export class HandleAccount extends Command<Outcome> {
  constructor(
    readonly id: AccountId,
    readonly command: AccountCommand,
    readonly meta: CommandMeta,
  ) {
    super();
  }
}

export class HandleMiner extends Command<Outcome> {
  constructor(
    readonly id: MinerId,
    readonly command: MinerCommand,
    readonly meta: CommandMeta,
  ) {
    super();
  }
}

export class HandleImage extends Command<Outcome> {
  constructor(
    readonly id: ImageDigest,
    readonly command: ImageCommand,
    readonly meta: CommandMeta,
  ) {
    super();
  }
}

export class HandleFlavor extends Command<Outcome> {
  constructor(
    readonly id: string,
    readonly command: FlavorCommand,
    readonly meta: CommandMeta,
  ) {
    super();
  }
}

/** The id is of the stream: the digest of which device it is. */
export class HandleDevice extends Command<Outcome> {
  constructor(
    readonly id: string,
    readonly command: DeviceCommand,
    readonly meta: CommandMeta,
  ) {
    super();
  }
}

export class HandlePolicy extends Command<Outcome> {
  constructor(
    readonly id: string,
    readonly command: PolicyCommand,
    readonly meta: CommandMeta,
  ) {
    super();
  }
}

/** Its stream is shared by the events that one consumer could not handle; the id is the consumer's name. */
export class HandleParked extends Command<Outcome> {
  constructor(
    readonly id: string,
    readonly command: ParkedCommand,
    readonly meta: CommandMeta,
  ) {
    super();
  }
}

export const messages = [
  HandleVm,
  HandleAccount,
  HandleMiner,
  HandleImage,
  HandleFlavor,
  HandleDevice,
  HandlePolicy,
  HandleParked,
] as const;
