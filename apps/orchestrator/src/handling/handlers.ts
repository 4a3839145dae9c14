import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { aggregates, handleParked, type Outcome } from '#events';
import { type DoorHandling, measuredHandle } from '../figures/measured-handle.ts';
import { HANDLING } from '../tokens.ts';
import {
  HandleAccount,
  HandleDevice,
  HandleFlavor,
  HandleImage,
  HandleMiner,
  HandleParked,
  HandlePolicy,
  HandleVm,
} from './messages.ts';

// The one place at the door that pairs an aggregate with its stream.

@CommandHandler(HandleVm)
export class HandleVmHandler implements ICommandHandler<HandleVm> {
  constructor(@Inject(HANDLING) private readonly handling: DoorHandling) {}

  execute({ id, command, meta }: HandleVm): Promise<Outcome> {
    return measuredHandle(this.handling, aggregates.vm, id, command, meta);
  }
}

@CommandHandler(HandleAccount)
export class HandleAccountHandler implements ICommandHandler<HandleAccount> {
  constructor(@Inject(HANDLING) private readonly handling: DoorHandling) {}

  execute({ id, command, meta }: HandleAccount): Promise<Outcome> {
    return measuredHandle(this.handling, aggregates.account, id, command, meta);
  }
}

@CommandHandler(HandleMiner)
export class HandleMinerHandler implements ICommandHandler<HandleMiner> {
  constructor(@Inject(HANDLING) private readonly handling: DoorHandling) {}

  execute({ id, command, meta }: HandleMiner): Promise<Outcome> {
    return measuredHandle(this.handling, aggregates.miner, id, command, meta);
  }
}

@CommandHandler(HandleImage)
export class HandleImageHandler implements ICommandHandler<HandleImage> {
  constructor(@Inject(HANDLING) private readonly handling: DoorHandling) {}

  execute({ id, command, meta }: HandleImage): Promise<Outcome> {
    return measuredHandle(this.handling, aggregates.image, id, command, meta);
  }
}

@CommandHandler(HandleFlavor)
export class HandleFlavorHandler implements ICommandHandler<HandleFlavor> {
  constructor(@Inject(HANDLING) private readonly handling: DoorHandling) {}

  execute({ id, command, meta }: HandleFlavor): Promise<Outcome> {
    return measuredHandle(this.handling, aggregates.flavor, id, command, meta);
  }
}

@CommandHandler(HandleDevice)
export class HandleDeviceHandler implements ICommandHandler<HandleDevice> {
  constructor(@Inject(HANDLING) private readonly handling: DoorHandling) {}

  execute({ id, command, meta }: HandleDevice): Promise<Outcome> {
    return measuredHandle(this.handling, aggregates.device, id, command, meta);
  }
}

@CommandHandler(HandlePolicy)
export class HandlePolicyHandler implements ICommandHandler<HandlePolicy> {
  constructor(@Inject(HANDLING) private readonly handling: DoorHandling) {}

  execute({ id, command, meta }: HandlePolicy): Promise<Outcome> {
    return measuredHandle(this.handling, aggregates.policy, id, command, meta);
  }
}

@CommandHandler(HandleParked)
export class HandleParkedHandler implements ICommandHandler<HandleParked> {
  constructor(@Inject(HANDLING) private readonly handling: DoorHandling) {}

  execute({ id, command, meta }: HandleParked): Promise<Outcome> {
    return handleParked(this.handling, id, command, meta);
  }
}

export const handlers = [
  HandleVmHandler,
  HandleAccountHandler,
  HandleMinerHandler,
  HandleImageHandler,
  HandleFlavorHandler,
  HandleDeviceHandler,
  HandlePolicyHandler,
  HandleParkedHandler,
] as const;
