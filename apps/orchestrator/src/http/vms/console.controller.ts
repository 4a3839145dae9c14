import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import { Refusal } from '#domain';
import type { OrchestratorBus } from '#events';
import { BUS, READS } from '../../tokens.ts';
import { maySee } from '../auth/principal.ts';
import { noVm } from '../ownership.ts';
import type { Reads } from '../reads.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { parse } from '../schemas/door.ts';
import { consoleQuery, vmPath } from '../schemas/vms.ts';

@Controller('v1/vms/:vmId/console')
export class ConsoleController {
  constructor(
    @Inject(READS) private readonly reads: Reads,
    @Inject(BUS) private readonly bus: Pick<OrchestratorBus, 'askConsole'>,
  ) {}

  /** Last bytes of the serial log, asked of the miner that holds the VM. It is the guest's own words: untrusted text. */
  @Get()
  async tail(
    @From() caller: Caller,
    @Param() path: unknown,
    @Query() query: unknown,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const { vmId } = parse(vmPath, path, 'path');
    const { bytes } = parse(consoleQuery, query, 'query');
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
