import type { UnixMs } from '#domain';
import type { ConsumerOptions } from './consumer.ts';
import { CommandUndeliverable, ParkingFull, reasonOf } from './consumer-faults.ts';
import type { StreamName } from './envelope.ts';
import { derivedUuid } from './identity.ts';
import { parkedMax } from './limits.ts';
import { streamName } from './names.ts';
import type { ParkedCommand, Standing } from './parking.ts';
import { createParking, type Parking } from './parking-stream.ts';
import type { BareEvent } from './ports/event-store.ts';

/** What one running consumer holds back, and what it has said of it on `parked-<name>`. */
export type Holds = {
  readonly parking: Parking;
  /** Streams behind an event that could not be handled. */
  readonly blocked: Map<StreamName, Standing>;
  /** Events whose stream went on, but that still ask for something. */
  readonly owed: Map<string, Standing>;
  /** Handled here although it stands parked: settled once that is durable. */
  readonly handled: Set<string>;
  all(): readonly Standing[];
  hold(standing: Standing): void;
  /**
   * What blocks a stream here though it stands parked no more: another handled it, and may not have followed as far. Unless
   * the sink can tell what it has, a checkpoint past the word of that would stand for what nobody handled.
   */
  settledElsewhere(): readonly Standing[];
  /** Says that an event cannot be handled. `null` when it turns out that somebody skipped it. Throws ParkingFull. */
  record(event: BareEvent, error: unknown, tries: Tries): Promise<Standing | null>;
  /** Says that a held event failed once more. */
  failAgain(held: Standing, error: unknown): Promise<void>;
  /** Says that everything in `handled` is. */
  settle(): Promise<void>;
};

export type Tries = { readonly attempts: number; readonly firstSeenAt: UnixMs };

export const createHolds = ({
  name,
  store,
  clock,
  log,
  standingMax = parkedMax,
}: Omit<ConsumerOptions, 'sink'>): Holds => {
  const own = streamName('parked', name);
  const parking = createParking(name, { store, clock });
  const { standing, skipped } = parking.index;
  const blocked = new Map<StreamName, Standing>();
  const owed = new Map<string, Standing>();
  const handled = new Set<string>();

  const give = (command: ParkedCommand & { readonly eventId: string }): Promise<unknown> =>
    parking.give(command, {
      // With the revision in it: what was settled once may be parked again. What is so already decides nothing.
      commandId: derivedUuid('parking', name, command.type, command.eventId, `${parking.index.next}`),
      actor: `process:${name}`,
      correlationId: command.eventId,
      causationId: command.eventId,
      traceparent: null,
    });

  const put = (held: Standing): void => {
    if (held.blocks) blocked.set(held.stream as StreamName, held);
    else owed.set(held.eventId, held);
  };

  const record: Holds['record'] = async (event, error, tries) => {
    const { eventId, type: eventType, stream, revision, position } = event;
    const [reason, blocks] = [wordsOf(error), !(error instanceof CommandUndeliverable)];
    if (!standing.has(eventId) && standing.size >= standingMax) throw new ParkingFull(name, standing.size, error);
    log('error', 'event parked', { consumer: name, stream, eventId, blocks, reason });
    const now = clock.now();
    const what = { consumer: name, eventId, eventType, stream, revision, position, reason, blocks };
    const parked = { ...what, ...tries, lastSeenAt: now };
    // A consumer that cannot read its own parking stream would park its own parking for ever.
    if (stream !== own) await give({ ...parked, type: 'ParkEvent', now });
    if (skipped.has(eventId)) return null;
    return standing.get(eventId) ?? { ...parked, parkedRevision: parking.index.next, retryAsked: false };
  };

  const failAgain: Holds['failAgain'] = async (held, error) => {
    const { parkedRevision: _, retryAsked: __, ...parked } = held;
    const { eventId } = parked;
    const [reason, now] = [wordsOf(error), clock.now()];
    log('warn', 'parked event still fails', { consumer: name, eventId, reason });
    // A retry that was asked for is answered. What another replica handled and this one cannot stands parked again.
    if (standing.has(eventId)) await give({ type: 'FailParkedRetry', eventId, reason, now });
    else if (held.stream !== own) await give({ ...parked, reason, lastSeenAt: now, type: 'ParkEvent', now });
    put(standing.get(eventId) ?? held);
  };

  return {
    ...{ parking, blocked, owed, handled, record, failAgain },
    all: () => [...blocked.values(), ...owed.values()],
    hold: (held) => {
      const before = blocked.get(held.stream as StreamName);
      if (!held.blocks || before === undefined || held.revision < before.revision) put(held);
    },
    settledElsewhere: () =>
      [...blocked.values()].filter(
        ({ eventId, stream }) => stream !== own && !standing.has(eventId) && !skipped.has(eventId),
      ),
    settle: async () => {
      for (const eventId of handled) {
        await give({ type: 'SettleParkedEvent', eventId, now: clock.now() });
        handled.delete(eventId);
      }
    },
  };
};

const wordsOf = (error: unknown): string => reasonOf(error).slice(0, reasonCharsMax);

/** Longest reason that is stored. */
const reasonCharsMax = 2_000;
