import { DoorProblem } from '#edge';
import { atLeastWaitMs, type Consumer, type EventStore, type Position } from '#events';
import type { Rows } from '../projections/rows.ts';
import type { HttpReply } from './request.ts';

/** The read model as the door uses it: rows, and how far they have come. */
export type Reads = {
  readonly rows: Rows;
  /** Waits for what the caller has written (`atLeast`), and says on the reply how far the answer goes. */
  upTo(atLeast: string | undefined, reply: HttpReply): Promise<void>;
  /** Waits for everything recorded by now. */
  catchUp(): Promise<void>;
};

/** Refuses with `read-model-behind` after a bounded wait, and `foreign-position` for a token of another store. */
export const createReads = (
  rows: Rows,
  store: Pick<EventStore, 'parsePosition' | 'head'>,
  consumer: Pick<Consumer, 'reached' | 'status'>,
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
    catchUp: async () => {
      const head = await store.head();
      if (head !== null) await wait(head);
    },
  };
};
