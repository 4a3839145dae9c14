import { Controller, Inject, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { DeviceCommand } from '#domain';
import { HandleDevice } from '../../handling/messages.ts';
import { READS, STAMP } from '../../tokens.ts';
import { accepted, commandAnswer } from '../answer.ts';
import type { Reads } from '../reads.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, json, route } from '../route.ts';
import { listOptions, listView, pageOf } from '../schemas/lists.ts';
import {
  deviceDispute,
  deviceList,
  devicePath,
  deviceRelease,
  deviceSettlement,
  deviceTransfer,
} from '../schemas/trust.ts';
import type { Stamp } from '../stamp.ts';
import { deviceAnswer, deviceView } from '../views/device.view.ts';

const listDevices = route({
  method: 'GET',
  path: '/v1/devices',
  summary: 'Secure processors and TPMs that miners have shown, and which miner each counts for',
  roles: ['operator', 'viewer'],
  query: deviceList,
  answer: json(pageOf(deviceAnswer)),
  refusals: [],
});

const common = { method: 'POST', roles: ['operator'], params: devicePath, answer: commandAnswer } as const;

const releaseDevice = route({
  ...common,
  path: '/v1/devices/:deviceKey/release',
  summary: 'Let a device count for nobody; the next miner that proves it has it gets it',
  body: deviceRelease,
  refusals: ['device-not-found', 'invalid-name'],
});

const transferDevice = route({
  ...common,
  path: '/v1/devices/:deviceKey/transfer',
  summary: 'Let a device count for another miner from now on',
  body: deviceTransfer,
  refusals: ['device-not-found', 'device-not-claimed', 'invalid-name'],
});

const disputeDevice = route({
  ...common,
  path: '/v1/devices/:deviceKey/dispute',
  summary: 'Say for another miner that the device is its own; whose it is stays until that is settled',
  body: deviceDispute,
  refusals: ['device-not-found', 'device-not-claimed', 'device-held-by-claimant', 'device-disputed', 'invalid-name'],
});

const settleDispute = route({
  ...common,
  path: '/v1/devices/:deviceKey/settle',
  summary: 'Settle a dispute: the holder keeps the device, or the claimant gets it',
  body: deviceSettlement,
  refusals: ['device-not-found', 'device-not-claimed', 'device-not-disputed', 'invalid-name'],
});

@Controller()
export class DevicesController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(READS) private readonly reads: Reads,
    @Inject(STAMP) private readonly stamp: Stamp,
  ) {}

  @Answers(listDevices)
  async list(@Asked(listDevices) { query }: AskedOf<typeof listDevices>, @Res({ passthrough: true }) reply: HttpReply) {
    await this.reads.upTo(query.atLeast, reply);
    return listView(this.reads.rows.devices({ minerId: query.minerId }, listOptions(query)), deviceView);
  }

  @Answers(releaseDevice)
  release(
    @From() caller: Caller,
    @Asked(releaseDevice) { params, body }: AskedOf<typeof releaseDevice>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    return this.give(caller, params.deviceKey, reply, { type: 'ReleaseDevice', ...body, now: this.stamp.now() });
  }

  @Answers(transferDevice)
  transfer(
    @From() caller: Caller,
    @Asked(transferDevice) { params, body }: AskedOf<typeof transferDevice>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    return this.give(caller, params.deviceKey, reply, { type: 'TransferDevice', ...body, now: this.stamp.now() });
  }

  @Answers(disputeDevice)
  dispute(
    @From() caller: Caller,
    @Asked(disputeDevice) { params, body }: AskedOf<typeof disputeDevice>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    return this.give(caller, params.deviceKey, reply, { type: 'DisputeDevice', ...body, now: this.stamp.now() });
  }

  @Answers(settleDispute)
  settle(
    @From() caller: Caller,
    @Asked(settleDispute) { params, body }: AskedOf<typeof settleDispute>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    return this.give(caller, params.deviceKey, reply, { type: 'SettleDeviceDispute', ...body, now: this.stamp.now() });
  }

  private async give(caller: Caller, deviceKey: string, reply: HttpReply, command: DeviceCommand) {
    const meta = this.stamp.change(caller, command.type, deviceKey);
    const outcome = await this.commands.execute(new HandleDevice(deviceKey, command, meta));
    return accepted(reply, outcome, '/v1/devices');
  }
}
