import { Refusal, type UnixMs } from '#domain';
import type { StreamName } from './envelope.ts';
import { parkedTriesMax, skippedMax, standingReasonCharsMax } from './limits.ts';

// These names and fields are the stored format of `parked-<consumer>`. They change only with a new version and an upcaster.

/** What a consumer could not handle, and what became of it. At most it blocks its own stream in that consumer. */
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
  | { readonly type: 'ParkedEventHandled'; readonly eventId: string }
  | { readonly type: 'ParkedEventRetryRequested'; readonly eventId: string }
  /** All that stood parked at a revision of this stream: what the preview showed, and nothing parked since. */
  | { readonly type: 'ParkedEventsRetryRequested'; readonly throughRevision: bigint; readonly count: number }
  | {
      readonly type: 'ParkedEventRetryFailed';
      readonly eventId: string;
      readonly reason: string;
      readonly attempts: number;
      readonly lastSeenAt: UnixMs;
    }
  /** Somebody decided that this consumer does without it, now and in every rebuild. */
  | { readonly type: 'ParkedEventSkipped'; readonly eventId: string; readonly reason: string };

export type Parked = Extract<ParkedEvent, { type: 'EventParked' }>;

/** One event that stands parked. Of its reason only the beginning: thousands of these are held at once. */
export type Standing = Omit<Parked, 'type'> & {
  /** Revision on `parked-<consumer>` of the event that parked it. */
  readonly parkedRevision: bigint;
  /** Whether somebody asked for a retry that was not answered yet. */
  readonly retryAsked: boolean;
};

/** Where an event lies that a consumer does without. */
export type Skipped = Pick<Standing, 'stream' | 'revision'>;

/** One `parked-<consumer>` folded: what stands parked, oldest first, and what is skipped. Bounded by what is live. */
export type ParkingIndex = {
  readonly standing: Map<string, Standing>;
  readonly skipped: Map<string, Skipped>;
  /** Revision that the next event of the stream will have. */
  next: bigint;
};

export const emptyIndex = (): ParkingIndex => ({ standing: new Map(), skipped: new Map(), next: 0n });

/** Folds one more event into the index it is given: these maps are large and have one owner. Never throws. */
export const absorbParked = (index: ParkingIndex, event: ParkedEvent): void => {
  const { standing } = index;
  const revision = index.next;
  index.next += 1n;
  switch (event.type) {
    case 'EventParked': {
      const { type: _, reason, ...parked } = event;
      standing.set(event.eventId, { ...parked, ...brief(reason), parkedRevision: revision, retryAsked: false });
      return;
    }
    case 'ParkedEventRetryRequested':
      change(standing, event.eventId, { retryAsked: true });
      return;
    case 'ParkedEventsRetryRequested':
      for (const { eventId } of mayRetry(index, event.throughRevision)) change(standing, eventId, { retryAsked: true });
      return;
    case 'ParkedEventRetryFailed': {
      const { attempts, lastSeenAt, reason } = event;
      change(standing, event.eventId, { attempts, lastSeenAt, ...brief(reason), retryAsked: false });
      return;
    }
    case 'ParkedEventHandled':
      standing.delete(event.eventId);
      return;
    case 'ParkedEventSkipped': {
      // Only what stands parked is skipped, so it is there.
      const found = standing.get(event.eventId);
      if (found !== undefined) index.skipped.set(event.eventId, { stream: found.stream, revision: found.revision });
      standing.delete(event.eventId);
    }
  }
};

/** Revisions to do without, by their stream. */
export const skippedByStream = (places: Iterable<Skipped>): ReadonlyMap<StreamName, ReadonlySet<bigint>> => {
  const found = new Map<StreamName, Set<bigint>>();
  for (const { stream, revision } of places) {
    const revisions = found.get(stream as StreamName) ?? new Set();
    found.set(stream as StreamName, revisions.add(revision));
  }
  return found;
};

const brief = (reason: string) => ({ reason: reason.slice(0, standingReasonCharsMax) });

const change = (standing: Map<string, Standing>, eventId: string, changes: Partial<Standing>): void => {
  const before = standing.get(eventId);
  if (before !== undefined) standing.set(eventId, { ...before, ...changes });
};

/** What a bulk retry through a revision would try: all that was parked by then and may still be tried by hand. */
export const mayRetry = (index: ParkingIndex, throughRevision: bigint): readonly Standing[] =>
  [...index.standing.values()].filter(
    ({ parkedRevision, attempts }) => parkedRevision <= throughRevision && attempts < parkedTriesMax,
  );

export type ParkedCommand = { readonly now: UnixMs } & (
  | (Omit<Parked, 'type'> & { readonly type: 'ParkEvent' })
  | { readonly type: 'SettleParkedEvent'; readonly eventId: string }
  | { readonly type: 'FailParkedRetry'; readonly eventId: string; readonly reason: string }
  | { readonly type: 'RetryParkedEvent'; readonly eventId: string }
  | { readonly type: 'RetryParkedEvents'; readonly throughRevision: bigint }
  | { readonly type: 'SkipParkedEvent'; readonly eventId: string; readonly reason: string }
);

/** The rules of one `parked-<consumer>` stream. What is so already decides nothing. Throws Refusal, nothing else. */
export const decideParked = (index: ParkingIndex, command: ParkedCommand): readonly ParkedEvent[] => {
  switch (command.type) {
    case 'ParkEvent': {
      const { now: _, ...parked } = command;
      const known = index.standing.has(command.eventId) || index.skipped.has(command.eventId);
      return known ? [] : [{ ...parked, type: 'EventParked' }];
    }
    case 'SettleParkedEvent':
      return index.standing.has(command.eventId) ? [{ type: 'ParkedEventHandled', eventId: command.eventId }] : [];
    case 'FailParkedRetry': {
      const { eventId, reason, now: lastSeenAt } = command;
      const found = index.standing.get(eventId);
      if (found?.retryAsked !== true) return [];
      return [{ type: 'ParkedEventRetryFailed', eventId, reason, attempts: found.attempts + 1, lastSeenAt }];
    }
    case 'RetryParkedEvent':
      return decideRetry(index, command.eventId);
    case 'RetryParkedEvents': {
      const { throughRevision } = command;
      const waiting = mayRetry(index, throughRevision).filter(({ retryAsked }) => !retryAsked);
      return waiting.length === 0
        ? []
        : [{ type: 'ParkedEventsRetryRequested', throughRevision, count: waiting.length }];
    }
    case 'SkipParkedEvent':
      return decideSkip(index, command);
  }
};

const decideRetry = (index: ParkingIndex, eventId: string): readonly ParkedEvent[] => {
  const found = standingOf(index, eventId);
  if (found.retryAsked) return [];
  if (found.attempts >= parkedTriesMax) {
    throw new Refusal(
      'parked-event-tried-out',
      `event ${eventId} was tried ${found.attempts} times and ${parkedTriesMax} are allowed; run a build that can handle it (it tries at its start), or skip it`,
      { observed: found.attempts, wanted: parkedTriesMax },
    );
  }
  return [{ type: 'ParkedEventRetryRequested', eventId }];
};

const decideSkip = (
  index: ParkingIndex,
  { eventId, reason }: { readonly eventId: string; readonly reason: string },
): readonly ParkedEvent[] => {
  if (index.skipped.has(eventId)) return [];
  standingOf(index, eventId);
  if (index.skipped.size >= skippedMax) {
    throw new Refusal(
      'too-many-skipped-events',
      `this consumer skips ${index.skipped.size} events already and ${skippedMax} are allowed; run a build that can handle the event instead`,
      { observed: index.skipped.size, wanted: skippedMax },
    );
  }
  return [{ type: 'ParkedEventSkipped', eventId, reason }];
};

const standingOf = (index: ParkingIndex, eventId: string): Standing => {
  const found = index.standing.get(eventId);
  if (found !== undefined) return found;
  const why = index.skipped.has(eventId) ? 'it was skipped' : 'it was handled, or never parked';
  throw new Refusal(
    'parked-event-not-found',
    `event ${eventId} does not stand parked there: ${why}; \`hcc parked ls\` lists what does`,
  );
};
