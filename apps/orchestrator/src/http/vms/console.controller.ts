import { Controller, Inject, Res } from '@nestjs/common';
import { Refusal, type VmId } from '#domain';
import type { OrchestratorBus } from '#events';
import { BUS, READS } from '../../tokens.ts';
import { maySee } from '../auth/principal.ts';
import { noVm } from '../ownership.ts';
import type { Reads } from '../reads.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, everyone, json, route } from '../route.ts';
import { consoleQuery, vmPath } from '../schemas/vms.ts';
import { consoleView, metricsOf, metricsView } from '../views/metrics.view.ts';

const showConsole = route({
  method: 'GET',
  path: '/v1/vms/:vmId/console',
  summary: "The end of a VM's serial console, or what came after an offset, asked of its miner; the guest's own words",
  roles: everyone,
  params: vmPath,
  query: consoleQuery,
  answer: json(consoleView),
  refusals: ['vm-not-found', 'vm-not-placed', 'bus-unavailable'],
});

const showMetrics = route({
  method: 'GET',
  path: '/v1/vms/:vmId/metrics',
  summary: "What a VM has used: its miner's own counters, which only rise",
  roles: everyone,
  params: vmPath,
  answer: json(metricsView),
  refusals: ['vm-not-found', 'vm-not-placed', 'bus-unavailable'],
});

@Controller()
export class ConsoleController {
  constructor(
    @Inject(READS) private readonly reads: Reads,
    @Inject(BUS) private readonly bus: Pick<OrchestratorBus, 'askConsole' | 'askMetrics'>,
  ) {}

  @Answers(showConsole)
  async tail(
    @From() caller: Caller,
    @Asked(showConsole) { params: { vmId }, query: { bytes, after } }: AskedOf<typeof showConsole>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const minerId = await this.minerOf(caller, vmId, 'console', reply);
    return this.bus.askConsole(minerId, { vmId, bytesMax: bytes, after: after ?? null });
  }

  @Answers(showMetrics)
  async metrics(
    @From() caller: Caller,
    @Asked(showMetrics) { params: { vmId } }: AskedOf<typeof showMetrics>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const minerId = await this.minerOf(caller, vmId, 'counters', reply);
    return metricsOf(await this.bus.askMetrics(minerId, vmId));
  }

  /** The miner that holds a VM which the caller may see. */
  private async minerOf(caller: Caller, vmId: VmId, what: string, reply: HttpReply): Promise<string> {
    await this.reads.upTo(undefined, reply);
    const vm = this.reads.rows.vm(vmId)?.vm;
    if (vm === undefined || !maySee(caller.principal, vm.accountId)) throw noVm(vmId);
    if (vm.placement === null) {
      throw new Refusal('vm-not-placed', `no miner holds VM ${vmId} (it is ${vm.observed}), so it has no ${what}`, {
        observed: vm.observed,
      });
    }
    return vm.placement.minerId;
  }
}
