import type { Decider, UnixMs } from '#domain';

// These names and fields are the stored format of `parked-<consumer>`. They change only with a new version and an upcaster.

/** What a consumer could not handle. At most it blocks its own stream in that consumer, and nothing else. */
export type ParkedEvent =
  | {
      readonly type: 'EventParked';
      readonly consumer: string;
      readonly eventId: string;
      readonly eventType: string;
      readonly stream: string;
      readonly revision: bigint;
      readonly position: string;
      readonly reason: string;
      /** Whether the stream's later events wait for this one; if not, only what this one asks for is owed. */
      readonly blocks: boolean;
      readonly attempts: number;
      readonly firstSeenAt: UnixMs;
      readonly lastSeenAt: UnixMs;
    }
  | { readonly type: 'ParkedEventHandled'; readonly eventId: string };

export type Parked = Extract<ParkedEvent, { type: 'EventParked' }>;

/** What stands parked, oldest first. */
export type ParkedState = ReadonlyMap<string, Parked>;

export type ParkedCommand = { readonly now: UnixMs } & (
  | (Omit<Parked, 'type'> & { readonly type: 'ParkEvent' })
  | { readonly type: 'SettleParkedEvent'; readonly eventId: string }
);

/** The rules of one `parked-<consumer>` stream. */
export const parked: Decider<ParkedState, ParkedCommand, ParkedEvent> = {
  initial: new Map(),
  decide: (state, command) => {
    if (command.type === 'SettleParkedEvent') {
      return state.has(command.eventId) ? [{ type: 'ParkedEventHandled', eventId: command.eventId }] : [];
    }
    const { now: _, ...parked } = command;
    return state.has(command.eventId) ? [] : [{ ...parked, type: 'EventParked' }];
  },
  evolve: (state, event) => {
    const next = new Map(state);
    if (event.type === 'EventParked') next.set(event.eventId, event);
    else next.delete(event.eventId);
    return next;
  },
};
