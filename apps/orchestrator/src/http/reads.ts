import { DoorProblem } from '#edge';
import { atLeastWaitMs, type Category, type Consumer, type EventStore, type Position, streamName } from '#events';
import type { Rows } from '../projections/rows.ts';
import type { HttpReply } from './request.ts';
import { type Stale, type StaleView, staleView } from './views/stale.view.ts';

/** The read model as the door uses it: rows, and how far they have come. */
export type Reads = {
  readonly rows: Rows;
  /** Waits for what the caller has written (`atLeast`), and says on the reply how far the answer goes. */
  upTo(atLeast: string | undefined, reply: HttpReply): Promise<void>;
  /** Since when and why this server cannot follow a stream; `null` for one that it follows. */
  stale(category: Category, id: string): StaleView;
  /**
   * For something that is not shown: refuses `stream-not-followed` when that is so because this server cannot handle the
   * first event of its stream. Otherwise there is no such thing, which the caller says.
   */
  demandFollowed(category: Category, id: string): void;
  /** Waits for everything recorded by now. */
  catchUp(): Promise<void>;
};

/** Refuses with `read-model-behind` after a bounded wait, and `foreign-position` for a token of another store. */
export const createReads = (
  rows: Rows,
  store: Pick<EventStore, 'parsePosition' | 'head'>,
  consumer: Pick<Consumer, 'reached' | 'status' | 'blocking'>,
  waitMs = atLeastWaitMs,
): Reads => {
  const wait = async (wanted: Position): Promise<void> => {
    if (await consumer.reached(wanted, waitMs)) return;
    const { position, stalled } = consumer.status();
    throw new DoorProblem(
      'read-model-behind',
      `the read model stands at ${position ?? 'the beginning'} and did not reach ${wanted} within ${waitMs} ms${
        stalled === null ? '' : ` (${stalled})`
      }; ask again`,
      { observed: position, wanted },
    );
  };
  return {
    rows,
    upTo: async (atLeast, reply) => {
      if (atLeast !== undefined) await wait(store.parsePosition(atLeast));
      const { position } = consumer.status();
      if (position !== null) reply.header('hcc-position', position);
    },
    stale: (category, id) => staleView(consumer.blocking(streamName(category, id))),
    demandFollowed: (category, id) => {
      const stale = staleView(consumer.blocking(streamName(category, id)));
      if (stale !== null) throw notFollowed(`${category} ${id}`, consumer.status().name, stale);
    },
    catchUp: async () => {
      const head = await store.head();
      if (head !== null) await wait(head);
    },
  };
};

const notFollowed = (what: string, consumer: string, stale: Stale): DoorProblem => {
  const { since, eventId, eventType, revision, reason } = stale;
  return new DoorProblem(
    'stream-not-followed',
    `there is ${what}, and nothing of it can be shown: since ${since} this server cannot handle ${eventType} at revision ${revision}, and it follows no stream past such an event: ${reason}`,
    {
      stale,
      fix: `with a build that can read it: hcc parked retry ${eventId} --consumer ${consumer}; to do without it for good: hcc parked skip ${eventId} --consumer ${consumer} --reason WHY`,
    },
  );
};
