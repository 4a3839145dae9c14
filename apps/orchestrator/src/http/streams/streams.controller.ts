import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import { DoorProblem } from '#edge';
import type { EventStore } from '#events';
import { OWNERSHIP, READS, STORE } from '../../tokens.ts';
import { demandRole } from '../auth/principal.ts';
import type { Ownership } from '../ownership.ts';
import type { Reads } from '../reads.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { parse } from '../schemas/door.ts';
import { listOptions, listView } from '../schemas/lists.ts';
import { streamList, streamPage, streamPath } from '../schemas/streams.ts';
import { eventView } from '../views/event.view.ts';

@Controller('v1/streams')
export class StreamsController {
  constructor(
    @Inject(STORE) private readonly store: EventStore,
    @Inject(READS) private readonly reads: Reads,
    @Inject(OWNERSHIP) private readonly ownership: Ownership,
  ) {}

  @Get()
  async list(@From() caller: Caller, @Query() query: unknown, @Res({ passthrough: true }) reply: HttpReply) {
    demandRole(caller.principal, 'operator', 'viewer');
    const wanted = parse(streamList, query, 'query');
    await this.reads.upTo(wanted.atLeast, reply);
    const { rows, next } = this.reads.rows.streams(wanted.category ?? null, listOptions(wanted));
    return listView({ rows, next }, ({ stream, events, lastAt }) => ({ stream, events, lastAt }));
  }

  /** A page of a stream, as the store has it now. */
  @Get(':stream')
  async show(
    @From() caller: Caller,
    @Param() path: unknown,
    @Query() query: unknown,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const { stream } = parse(streamPath, path, 'path');
    const { from = 0n, limit, atLeast } = parse(streamPage, query, 'query');
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
