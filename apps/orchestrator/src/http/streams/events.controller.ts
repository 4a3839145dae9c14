import { Controller, Inject } from '@nestjs/common';
import { z } from 'zod';
import { type Category, categoryOf, type EventStore, type Position } from '#events';
import { PAST, STORE } from '../../tokens.ts';
import type { Past } from '../past.ts';
import { Answers, Asked, type AskedOf, json, route } from '../route.ts';
import { at } from '../schemas/moments.ts';
import { eventPage } from '../schemas/streams.ts';
import { eventAnswer, eventView } from '../views/event.view.ts';

const readLog = route({
  method: 'GET',
  path: '/v1/events',
  summary: 'The log itself, page by page, oldest first: what exports are made of',
  roles: ['operator', 'viewer'],
  query: eventPage,
  answer: json(
    z.strictObject({
      storeId: z.string(),
      items: z.array(eventAnswer),
      position: z.string().nullable().describe('How far this page has looked, also past what the filter leaves out'),
      end: z.boolean().describe('Whether nothing wanted was recorded after this page when it was read'),
    }),
  ),
  refusals: ['foreign-position'],
});

const logPosition = route({
  method: 'GET',
  path: '/v1/events/position',
  summary: 'Where the log stood at an instant: the last position before the first event recorded later',
  roles: ['operator', 'viewer'],
  query: z.strictObject({ at }),
  answer: json(
    z.strictObject({ position: z.string().nullable().describe('null before the log began: nothing was recorded yet') }),
  ),
  refusals: ['at-in-the-future', 'at-unreadable', 'foreign-position'],
});

@Controller()
export class EventsController {
  constructor(
    @Inject(STORE) private readonly store: EventStore,
    @Inject(PAST) private readonly past: Past,
  ) {}

  @Answers(readLog)
  async page(@Asked(readLog) { query: wanted }: AskedOf<typeof readLog>) {
    const after = wanted.after === undefined ? null : this.store.parsePosition(wanted.after);
    const until = wanted.until === undefined ? null : this.store.parsePosition(wanted.until);
    const page = await this.store.readAll({ after, limit: wanted.limit });
    const inside = page.events.filter(({ position }) => !this.isPast(position, until));
    const items = inside.filter(({ stream }) => isOf(wanted.category, categoryOf(stream)));
    const stopped = inside.length < page.events.length;
    return {
      storeId: this.store.storeId,
      items: items.map(eventView),
      position: stopped ? (inside.at(-1)?.position ?? after) : page.next,
      end: stopped || page.end,
    };
  }

  @Answers(logPosition)
  async positionAt(@Asked(logPosition) { query: { at } }: AskedOf<typeof logPosition>) {
    return { position: await this.past.positionAt(at) };
  }

  private isPast(position: Position, until: Position | null): boolean {
    return until !== null && this.store.comparePositions(position, until) > 0;
  }
}

const isOf = (wanted: readonly Category[] | undefined, category: Category): boolean =>
  wanted === undefined || wanted.includes(category);
