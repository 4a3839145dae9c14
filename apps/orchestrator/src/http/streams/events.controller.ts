import { Controller, Get, Inject, Query } from '@nestjs/common';
import { type Category, categoryOf, type EventStore, type Position } from '#events';
import { STORE } from '../../tokens.ts';
import { demandRole } from '../auth/principal.ts';
import { type Caller, From } from '../request.ts';
import { parse } from '../schemas/door.ts';
import { eventPage } from '../schemas/streams.ts';
import { eventView } from '../views/event.view.ts';

/** The log itself, page by page: what exports are made of. */
@Controller('v1/events')
export class EventsController {
  constructor(@Inject(STORE) private readonly store: EventStore) {}

  /**
   * Events after a position, oldest first. `position` is how far the page has looked, also past events that the filter
   * leaves out, so a reader goes on there and never looks twice; `end` is true when nothing wanted was recorded after it.
   */
  @Get()
  async page(@From() caller: Caller, @Query() query: unknown) {
    demandRole(caller.principal, 'operator', 'viewer');
    const wanted = parse(eventPage, query, 'query');
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

  private isPast(position: Position, until: Position | null): boolean {
    return until !== null && this.store.comparePositions(position, until) > 0;
  }
}

const isOf = (wanted: readonly Category[] | undefined, category: Category): boolean =>
  wanted === undefined || wanted.includes(category);
