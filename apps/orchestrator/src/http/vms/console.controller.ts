import { Controller, Inject, Res } from '@nestjs/common';
import { z } from 'zod';
import { Refusal } from '#domain';
import type { OrchestratorBus } from '#events';
import { BUS, READS } from '../../tokens.ts';
import { maySee } from '../auth/principal.ts';
import { noVm } from '../ownership.ts';
import type { Reads } from '../reads.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, everyone, json, route } from '../route.ts';
import { consoleQuery, vmPath } from '../schemas/vms.ts';

const showConsole = route({
  method: 'GET',
  path: '/v1/vms/:vmId/console',
  summary: "Last bytes of a VM's serial log, asked of its miner; the guest's own words, untrusted",
  roles: everyone,
  params: vmPath,
  query: consoleQuery,
  answer: json(z.strictObject({ text: z.string() })),
  refusals: ['vm-not-found', 'vm-not-placed', 'bus-unavailable'],
});

@Controller()
export class ConsoleController {
  constructor(
    @Inject(READS) private readonly reads: Reads,
    @Inject(BUS) private readonly bus: Pick<OrchestratorBus, 'askConsole'>,
  ) {}

  @Answers(showConsole)
  async tail(
    @From() caller: Caller,
    @Asked(showConsole) { params: { vmId }, query: { bytes } }: AskedOf<typeof showConsole>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    await this.reads.upTo(undefined, reply);
    const vm = this.reads.rows.vm(vmId)?.vm;
    if (vm === undefined || !maySee(caller.principal, vm.accountId)) throw noVm(vmId);
    if (vm.placement === null) {
      throw new Refusal('vm-not-placed', `no miner holds VM ${vmId} (it is ${vm.observed}), so it has no console`, {
        observed: vm.observed,
      });
    }
    return { text: await this.bus.askConsole(vm.placement.minerId, vmId, bytes) };
  }
}
