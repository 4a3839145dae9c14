import { Controller, Inject, Res } from '@nestjs/common';
import { type Category, categoryOf, type EventStore, type RecordedEvent, type StreamName } from '#events';
import { FOLLOWERS, OWNERSHIP, STORE } from '../../tokens.ts';
import type { Principal } from '../auth/principal.ts';
import type { Followers } from '../followers.ts';
import { followedStreamsMax } from '../limits.ts';
import type { Ownership } from '../ownership.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, everyone, route } from '../route.ts';
import {
  afterPosition,
  afterRevision,
  followAll,
  followStream as followQuery,
  streamPath,
} from '../schemas/streams.ts';
import { eventAnswer } from '../views/event.view.ts';
import { followLog, followStream } from './follow-stream.ts';
import { noStream } from './streams.controller.ts';

const follow = { method: 'GET', answer: { kind: 'events', schema: eventAnswer } } as const;

const followOne = route({
  ...follow,
  path: '/v1/streams/:stream/follow',
  summary: 'A stream as server-sent events: its history, then what happens; goes on after Last-Event-ID',
  roles: everyone,
  params: streamPath,
  query: followQuery,
  headers: afterRevision,
  refusals: ['not-found', 'too-many-followers'],
});

const followEverything = route({
  ...follow,
  path: '/v1/events/follow',
  summary:
    'The whole log as server-sent events, or one category of it; to an owner, its own streams; goes on after Last-Event-ID',
  roles: everyone,
  query: followAll,
  headers: afterPosition,
  refusals: ['foreign-position', 'too-many-followers'],
});

@Controller()
export class FollowController {
  constructor(
    @Inject(STORE) private readonly store: EventStore,
    @Inject(OWNERSHIP) private readonly ownership: Ownership,
    @Inject(FOLLOWERS) private readonly followers: Followers,
  ) {}

  @Answers(followOne)
  async stream(
    @From() caller: Caller,
    @Asked(followOne) { params: { stream }, query, headers }: AskedOf<typeof followOne>,
    @Res() reply: HttpReply,
  ): Promise<void> {
    if (!(await this.ownership.mayRead(caller.principal, stream))) throw noStream(stream);
    const seen = headers['last-event-id'];
    const next = seen === undefined ? (query.from ?? 0n) : seen + 1n;
    await this.followers.follow(
      caller.principal,
      reply,
      (signal) => followStream(this.store, stream, next, signal),
      ({ revision }) => revision.toString(),
    );
  }

  @Answers(followEverything)
  async all(
    @From() caller: Caller,
    @Asked(followEverything) { query: { after, category }, headers }: AskedOf<typeof followEverything>,
    @Res() reply: HttpReply,
  ): Promise<void> {
    const text = headers['last-event-id'] ?? after;
    const position = text === undefined ? null : this.store.parsePosition(text);
    await this.followers.follow(
      caller.principal,
      reply,
      (signal) => followLog(this.store, position, this.wanted(caller.principal, category), signal),
      (event) => event.position,
    );
  }

  /** What of the log somebody follows: of a category, and of what the caller may read. */
  private wanted(principal: Principal, category: Category | undefined) {
    const readable = new Map<StreamName, boolean>();
    return async ({ stream }: RecordedEvent): Promise<boolean> => {
      if (category !== undefined && categoryOf(stream) !== category) return false;
      if (principal.role !== 'owner') return true;
      const known = readable.get(stream);
      if (known !== undefined) return known;
      const may = await this.ownership.mayRead(principal, stream);
      if (readable.size >= followedStreamsMax) readable.clear();
      readable.set(stream, may);
      return may;
    };
  }
}
