import { aggregates } from './aggregates.ts';
import type { RecordedEvent } from './envelope.ts';
import { type Handling, handle, readWholeStream } from './handle.ts';
import { derivedUuid } from './identity.ts';
import { streamName } from './names.ts';
import type { Parked } from './parking.ts';

/** `parked-<consumer>`: what one consumer could not handle, durable, so that a restart skips and forgets none of it. */
export type Parking = {
  load(): Promise<readonly Parked[]>;
  park(event: RecordedEvent, why: Pick<Parked, 'reason' | 'blocks' | 'attempts' | 'firstSeenAt'>): Promise<Parked>;
  settle(parked: Parked): Promise<void>;
};

/** Longest reason that is stored. */
const reasonCharsMax = 2_000;

export const createParking = (consumer: string, { store, clock }: Handling): Parking => {
  const stream = streamName('parked', consumer);

  const give = async (command: Parameters<typeof aggregates.parked.decider.decide>[1]): Promise<void> => {
    await handle({ store, clock }, aggregates.parked, consumer, command, {
      // With the time in it: what was settled once may be parked again by an older build. A repeat decides nothing.
      commandId: derivedUuid('parking', consumer, command.type, command.eventId, `${command.now}`),
      actor: `process:${consumer}`,
      correlationId: command.eventId,
      causationId: command.eventId,
      traceparent: null,
    });
  };

  return {
    load: async () => {
      const { decider, codec } = aggregates.parked;
      const history = await readWholeStream(store, stream);
      return [
        ...history
          .map((event) => codec.decode(event))
          .reduce(decider.evolve, decider.initial)
          .values(),
      ];
    },
    park: async (event, { reason, blocks, attempts, firstSeenAt }) => {
      const now = clock.now();
      const parked: Parked = {
        type: 'EventParked',
        consumer,
        eventId: event.eventId,
        eventType: event.type,
        stream: event.stream,
        revision: event.revision,
        position: event.position,
        reason: reason.slice(0, reasonCharsMax),
        blocks,
        attempts,
        firstSeenAt,
        lastSeenAt: now,
      };
      // A consumer that cannot read its own parking stream would park its own parking for ever.
      if (event.stream !== stream) await give({ ...parked, type: 'ParkEvent', now });
      return parked;
    },
    settle: ({ eventId }) => give({ type: 'SettleParkedEvent', eventId, now: clock.now() }),
  };
};
