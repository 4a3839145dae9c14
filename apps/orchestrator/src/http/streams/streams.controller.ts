import { Controller, Inject, Res } from '@nestjs/common';
import { z } from 'zod';
import { DoorProblem } from '#edge';
import { type EventStore, revision } from '#events';
import { OWNERSHIP, READS, STORE } from '../../tokens.ts';
import type { Ownership } from '../ownership.ts';
import type { Reads } from '../reads.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, everyone, json, route } from '../route.ts';
import { listOptions, listView, pageOf } from '../schemas/lists.ts';
import { streamList, streamPage, streamPath } from '../schemas/streams.ts';
import { eventAnswer, eventView } from '../views/event.view.ts';
import { streamAnswer, streamView } from '../views/stream.view.ts';

const listStreams = route({
  method: 'GET',
  path: '/v1/streams',
  summary: 'Event streams by name',
  roles: ['operator', 'viewer'],
  query: streamList,
  answer: json(pageOf(streamAnswer)),
  refusals: [],
});

const showStream = route({
  method: 'GET',
  path: '/v1/streams/:stream',
  summary: 'A page of a stream, oldest first, as the store has it now',
  roles: everyone,
  params: streamPath,
  query: streamPage,
  answer: json(
    z.strictObject({
      items: z.array(eventAnswer),
      next: revision.nullable().describe('Send it as `from` for what follows; null at the end'),
    }),
  ),
  refusals: ['not-found'],
});

@Controller()
export class StreamsController {
  constructor(
    @Inject(STORE) private readonly store: EventStore,
    @Inject(READS) private readonly reads: Reads,
    @Inject(OWNERSHIP) private readonly ownership: Ownership,
  ) {}

  @Answers(listStreams)
  async list(@Asked(listStreams) { query }: AskedOf<typeof listStreams>, @Res({ passthrough: true }) reply: HttpReply) {
    await this.reads.upTo(query.atLeast, reply);
    return listView(this.reads.rows.streams(query.category ?? null, listOptions(query)), streamView);
  }

  @Answers(showStream)
  async show(
    @From() caller: Caller,
    @Asked(showStream) { params: { stream }, query }: AskedOf<typeof showStream>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const { from = 0n, limit, atLeast } = query;
    if (!(await this.ownership.mayRead(caller.principal, stream))) throw noStream(stream);
    await this.reads.upTo(atLeast, reply);
    const events = await this.store.readStream(stream, { from, limit });
    const last = events.at(-1);
    if (last === undefined && from === 0n) throw noStream(stream);
    const more =
      last !== undefined && (await this.store.readStream(stream, { from: last.revision + 1n, limit: 1 })).length > 0;
    return { items: events.map(eventView), next: more ? (last.revision + 1n).toString() : null };
  }
}

export const noStream = (stream: string): DoorProblem =>
  new DoorProblem('not-found', `there is no stream ${stream}; \`hcc stream ls\` lists them`);
