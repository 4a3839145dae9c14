import { Controller, Inject, Res } from '@nestjs/common';
import { Refusal } from '#domain';
import { createParking, type EventStore, type Handling, type Position, type StreamName } from '#events';
import { HANDLING, READS, STORE } from '../../tokens.ts';
import type { Reads } from '../reads.ts';
import type { HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, json, route } from '../route.ts';
import { readQuery } from '../schemas/door.ts';
import { listOptions, listView, pageOf } from '../schemas/lists.ts';
import { parkedList, parkedPath, parkingPath } from '../schemas/parked.ts';
import {
  parkedAnswer,
  parkedEventAnswer,
  parkedEventView,
  parkedView,
  parkingAnswer,
  parkingView,
} from '../views/parked.view.ts';

const listParked = route({
  method: 'GET',
  path: '/v1/parked',
  summary: 'Events that a consumer could not handle, or was told to skip, the longest known first',
  roles: ['operator', 'viewer'],
  query: parkedList,
  answer: json(pageOf(parkedAnswer)),
  refusals: [],
});

const showParking = route({
  method: 'GET',
  path: '/v1/parked/:consumer',
  summary: 'How much stands parked in a consumer: what a retry of all of it would try',
  roles: ['operator', 'viewer'],
  params: parkingPath,
  answer: json(parkingAnswer),
  refusals: [],
});

const showParked = route({
  method: 'GET',
  path: '/v1/parked/:consumer/:eventId',
  summary: 'One parked or skipped event, with the event itself',
  roles: ['operator', 'viewer'],
  params: parkedPath,
  query: readQuery,
  answer: json(parkedEventAnswer),
  refusals: ['parked-event-not-found'],
});

@Controller()
export class ParkedController {
  constructor(
    @Inject(READS) private readonly reads: Reads,
    @Inject(STORE) private readonly store: EventStore,
    @Inject(HANDLING) private readonly handling: Handling,
  ) {}

  @Answers(listParked)
  async list(@Asked(listParked) { query }: AskedOf<typeof listParked>, @Res({ passthrough: true }) reply: HttpReply) {
    await this.reads.upTo(query.atLeast, reply);
    const { consumer = null, status } = query;
    return listView(this.reads.rows.parked({ consumer, status }, listOptions(query)), parkedView);
  }

  /** As the store has it now: what is confirmed by its revision must not be older than what is shown. */
  @Answers(showParking)
  async preview(@Asked(showParking) { params: { consumer } }: AskedOf<typeof showParking>) {
    const parking = createParking(consumer, this.handling);
    await parking.refresh();
    const compare = (a: string, b: string) => this.store.comparePositions(a as Position, b as Position);
    return parkingView(consumer, parking.index, compare);
  }

  @Answers(showParked)
  async show(
    @Asked(showParked) { params: { consumer, eventId }, query }: AskedOf<typeof showParked>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    await this.reads.upTo(query.atLeast, reply);
    const row = this.reads.rows.parkedEvent(consumer, eventId);
    if (row === null) throw noParkedEvent(consumer, eventId);
    const { stream, revision } = row.parked;
    const [event] = await this.store.readStream(stream as StreamName, { from: revision, limit: 1 });
    if (event === undefined) throw new Error(`BUG: ${stream} has no revision ${revision}, but it stands parked`);
    return parkedEventView(row, event);
  }
}

const noParkedEvent = (consumer: string, eventId: string): Refusal =>
  new Refusal(
    'parked-event-not-found',
    `event ${eventId} is neither parked nor skipped in ${consumer}; \`hcc parked ls\` lists what is`,
  );
