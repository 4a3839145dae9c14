import { Controller, Inject, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { registeredImage, resizedFlavor, type VmCommand } from '#domain';
import type { EventStore } from '#events';
import { HandleVm } from '../../handling/messages.ts';
import { OWNERSHIP, STAMP, STORE } from '../../tokens.ts';
import { accepted, commandAnswer } from '../answer.ts';
import { flavorNow, imageNow, noVm, type Ownership, vmNow } from '../ownership.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, route } from '../route.ts';
import { resizeVm as resizeBody, vmPath } from '../schemas/vms.ts';
import type { Stamp } from '../stamp.ts';
import { demandRoom } from './request-vm.ts';

const resizeVm = route({
  method: 'POST',
  path: '/v1/vms/:vmId/resize',
  summary:
    'Give a stopped VM another size on the miner that has its disk; follow its stream for VmResized or VmResizeRefused',
  roles: ['operator', 'owner'],
  params: vmPath,
  body: resizeBody,
  answer: commandAnswer,
  refusals: [
    'image-not-found',
    ...([
      'vm-not-found',
      'vm-refused',
      'vm-terminated',
      'vm-not-stopped',
      'vm-resizing',
      'disk-never-shrinks',
      'disk-never-grows',
    ] as const),
    ...(['flavor-not-found', 'flavor-retired', 'flavor-too-small', 'invalid-flavor'] as const),
  ],
});

@Controller()
export class ResizeController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(STORE) private readonly store: EventStore,
    @Inject(OWNERSHIP) private readonly ownership: Ownership,
    @Inject(STAMP) private readonly stamp: Stamp,
  ) {}

  /** Size and price come from the flavour's stream as it is now, and are kept in the event: later changes rewrite nothing. */
  @Answers(resizeVm)
  async resize(
    @From() caller: Caller,
    @Asked(resizeVm) { params: { vmId }, body }: AskedOf<typeof resizeVm>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    await this.ownership.demandVm(caller.principal, vmId);
    const vm = await vmNow(this.store, vmId);
    if (vm === null) throw noVm(vmId);
    const flavorId = body.flavorId ?? vm.flavorId;
    const flavor = resizedFlavor(vm, await flavorNow(this.store, flavorId), { flavorId, diskBytes: body.diskBytes });
    demandRoom(registeredImage(await imageNow(this.store, vm.imageDigest), vm.imageDigest), flavor);
    const { size, pricePerHour } = flavor;
    const command: VmCommand = { type: 'ResizeVm', flavorId, size, pricePerHour, now: this.stamp.now() };
    const outcome = await this.commands.execute(
      new HandleVm(vmId, command, this.stamp.change(caller, 'ResizeVm', vmId)),
    );
    return accepted(reply, outcome, `/v1/vms/${vmId}`);
  }
}
