import { type BareEvent, consumerAttemptsMax, type NewEvent } from '#events';
import type { Ground } from './process.ts';

/** What makes a process unable to handle some events, for as long as it lives. */
export type Poison = {
  /** Names what this build knows: the same name for the same. */
  readonly build: string;
  /** Throws for an append that some consumer's event asks for, as often as a consumer tries. */
  check(events: readonly NewEvent[]): void;
  /** The events as this build reads them. */
  seen<Event extends BareEvent>(events: readonly Event[]): readonly Event[];
};

/** Kinds of events that came late in the history of the code, so that an older build may not know them. */
const laterTypes = [
  'VmRequested',
  'VmPlacementDeclined',
  'VmRecovered',
  'VmLost',
  'MinerReturned',
  'HoldReleased',
  'VmRebootRequested',
];

/**
 * A version that no build writes. An older build does not know it, and sees what is stored all the same: were the type
 * another here, what it keeps of the event by its stored name would be wrong, and no build is to blame for that.
 */
const unknownVersion = 1_000;

export const createPoison = ({ faults, random }: Pick<Ground, 'faults' | 'random'>): Poison => {
  const unknown = new Set(faults.happens('old-build') ? laterTypes.filter(() => random.chance(0.5)) : []);
  const poisoned = new Map<string, number>();
  return {
    build: [...unknown].sort().join(' '),
    check: ([event]) => {
      if (event === undefined || !event.actor.startsWith('process:') || event.type.startsWith('EventParked')) return;
      const cause = `${event.actor} ${event.causationId} ${event.type}`;
      if (!poisoned.has(cause) && faults.happens('poison')) poisoned.set(cause, consumerAttemptsMax);
      const left = poisoned.get(cause) ?? 0;
      if (left === 0) return;
      poisoned.set(cause, left - 1);
      throw new Error(`simulated: ${event.actor} cannot handle event ${event.causationId}`);
    },
    seen: (events) =>
      unknown.size === 0
        ? events
        : events.map((event) => (unknown.has(event.type) ? { ...event, version: unknownVersion } : event)),
  };
};
