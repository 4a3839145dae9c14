import { Controller, Get, Headers, Inject, Param, Query, Res } from '@nestjs/common';
import type { EventStore } from '#events';
import { FOLLOWERS, OWNERSHIP, STORE } from '../../tokens.ts';
import { demandRole } from '../auth/principal.ts';
import type { Followers } from '../followers.ts';
import type { Ownership } from '../ownership.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { parse } from '../schemas/door.ts';
import { followAll, followStream as followQuery, lastEventId, streamPath } from '../schemas/streams.ts';
import { followLog, followStream } from './follow-stream.ts';
import { noStream } from './streams.controller.ts';

type LastEventId = string | undefined;

/** Server-sent events. A client that lost its connection goes on with `Last-Event-ID`. */
@Controller('v1')
export class FollowController {
  constructor(
    @Inject(STORE) private readonly store: EventStore,
    @Inject(OWNERSHIP) private readonly ownership: Ownership,
    @Inject(FOLLOWERS) private readonly followers: Followers,
  ) {}

  @Get('streams/:stream/follow')
  async stream(
    @From() caller: Caller,
    @Param() path: unknown,
    @Query() query: unknown,
    @Headers('last-event-id') lastId: LastEventId,
    @Res() reply: HttpReply,
  ): Promise<void> {
    const { stream } = parse(streamPath, path, 'path');
    const { from = 0n } = parse(followQuery, query, 'query');
    const seen = parse(lastEventId, { lastEventId: lastId }, 'headers').lastEventId;
    if (!(await this.ownership.mayRead(caller.principal, stream))) throw noStream(stream);
    const next = seen === undefined ? from : seen + 1n;
    await this.followers.follow(
      reply,
      (signal) => followStream(this.store, stream, next, signal),
      ({ revision }) => revision.toString(),
    );
  }

  @Get('events/follow')
  async all(
    @From() caller: Caller,
    @Query() query: unknown,
    @Headers('last-event-id') lastId: LastEventId,
    @Res() reply: HttpReply,
  ): Promise<void> {
    demandRole(caller.principal, 'operator', 'viewer');
    const { after, category } = parse(followAll, query, 'query');
    const text = lastId ?? after;
    const position = text === undefined ? null : this.store.parsePosition(text);
    await this.followers.follow(
      reply,
      (signal) => followLog(this.store, position, category, signal),
      (event) => event.position,
    );
  }
}
