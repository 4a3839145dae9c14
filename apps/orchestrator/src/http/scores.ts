import { DoorProblem } from '#edge';
import { atLeastWaitMs, type Consumer, type EventStore, type Reputations } from '#events';
import type { HttpReply } from './request.ts';

/** Reputations as the door uses them: the scores, and how far they have come. */
export type Scores = {
  readonly reputations: () => Reputations;
  /** Waits for what the caller has written, and says on the reply how far the answer goes. */
  upTo(atLeast: string | undefined, reply: HttpReply): Promise<void>;
};

/** Refuses with `read-model-behind` after a bounded wait, and `foreign-position` for a token of another store. */
export const createScores = (
  reputations: () => Reputations,
  store: Pick<EventStore, 'parsePosition'>,
  consumer: Pick<Consumer, 'reached' | 'status'>,
  waitMs = atLeastWaitMs,
): Scores => ({
  reputations,
  upTo: async (atLeast, reply) => {
    const wanted = atLeast === undefined ? null : store.parsePosition(atLeast);
    const isThere = wanted === null || (await consumer.reached(wanted, waitMs));
    const { position } = consumer.status();
    if (!isThere) {
      const detail = `reputations stand at ${position ?? 'the beginning'} and did not reach ${wanted} within ${waitMs} ms; ask again`;
      throw new DoorProblem('read-model-behind', detail, { observed: position, wanted });
    }
    if (position !== null) reply.header('hcc-position', position);
  },
});
