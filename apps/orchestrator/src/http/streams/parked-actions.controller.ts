import { Controller, Inject, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { ParkedCommand } from '#events';
import { HandleParked } from '../../handling/messages.ts';
import { STAMP } from '../../tokens.ts';
import { accepted, commandAnswer } from '../answer.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, route } from '../route.ts';
import { parkedPath, parkingPath, retryAllParked, skipParked } from '../schemas/parked.ts';
import type { Stamp } from '../stamp.ts';

const retryParked = route({
  method: 'POST',
  path: '/v1/parked/:consumer/:eventId/retry',
  summary: 'Let the running consumer try a parked event again',
  roles: ['operator'],
  params: parkedPath,
  answer: commandAnswer,
  refusals: ['parked-event-not-found', 'parked-event-tried-out'],
});

const retryAll = route({
  method: 'POST',
  path: '/v1/parked/:consumer/retry',
  summary: 'Let the running consumer try all again that stood parked at a revision of its parked stream',
  roles: ['operator'],
  params: parkingPath,
  body: retryAllParked,
  answer: commandAnswer,
  refusals: [],
});

const skipEvent = route({
  method: 'POST',
  path: '/v1/parked/:consumer/:eventId/skip',
  summary: 'Let the consumer do without a parked event, now and in every rebuild; the rest of its stream goes on',
  roles: ['operator'],
  params: parkedPath,
  body: skipParked,
  answer: commandAnswer,
  refusals: ['parked-event-not-found', 'too-many-skipped-events'],
});

/** What people decide about parked events: recorded on `parked-<consumer>`, where the consumer reads it. */
@Controller()
export class ParkedActionsController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(STAMP) private readonly stamp: Stamp,
  ) {}

  @Answers(retryParked)
  retry(
    @From() caller: Caller,
    @Asked(retryParked) { params: { consumer, eventId } }: AskedOf<typeof retryParked>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    return this.give(caller, reply, consumer, eventId, { type: 'RetryParkedEvent', eventId, now: this.stamp.now() });
  }

  @Answers(retryAll)
  retryAll(
    @From() caller: Caller,
    @Asked(retryAll) { params: { consumer }, body }: AskedOf<typeof retryAll>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    return this.give(caller, reply, consumer, null, { type: 'RetryParkedEvents', ...body, now: this.stamp.now() });
  }

  @Answers(skipEvent)
  skip(
    @From() caller: Caller,
    @Asked(skipEvent) { params: { consumer, eventId }, body }: AskedOf<typeof skipEvent>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const command = { type: 'SkipParkedEvent', eventId, ...body, now: this.stamp.now() } as const;
    return this.give(caller, reply, consumer, eventId, command);
  }

  private async give(
    caller: Caller,
    reply: HttpReply,
    consumer: string,
    eventId: string | null,
    command: ParkedCommand,
  ) {
    const path = eventId === null ? consumer : `${consumer}/${eventId}`;
    const meta = this.stamp.change(caller, command.type, path);
    const outcome = await this.commands.execute(new HandleParked(consumer, command, meta));
    return accepted(reply, outcome, `/v1/parked/${path}`);
  }
}
