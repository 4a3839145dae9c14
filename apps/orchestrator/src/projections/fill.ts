import { setImmediate } from 'node:timers/promises';
import { type BareEvent, type Position, type Skipped, type StreamName, skippedByStream } from '#events';
import { rebuildErrorsShown } from './limits.ts';
import type { ModelFile, ReadOnlyLog } from './model-file.ts';

/** An event that could not be folded. Its stream's rows stand before it; every other stream goes on. */
export type FillError = {
  readonly stream: StreamName;
  readonly revision: bigint;
  readonly eventType: string;
  readonly reason: string;
};

/** How far a file of rows has come. */
export type Filling = {
  readonly position: Position | null;
  readonly events: number;
  readonly errors: number;
  readonly firstErrors: readonly FillError[];
  readonly blocked: ReadonlySet<StreamName>;
};

export type Fill = {
  readonly filling: () => Filling;
  /** Folds on to the end of the log as it is then, or to a position. Throws when the signal aborts, and what SQLite throws. */
  on(signal: AbortSignal, until?: Position): Promise<void>;
};

/** Events that live goes past because somebody decided so, by their ids. */
export type Skips = () => Promise<ReadonlyMap<string, Skipped>>;

/**
 * Fills a file of rows from the log: the same folds as live, in the same order. It is given a log that can only be read
 * and a file that nobody reads yet, so there is nothing else it could do: no bus, no command, no parking. What live skips
 * it skips; an event that cannot be folded is counted and told.
 */
export const createFill = (log: ReadOnlyLog, model: ModelFile, skips: Skips): Fill => {
  let skipped: ReadonlyMap<string, Skipped> = new Map();
  const blocked = new Set<StreamName>();
  const firstErrors: FillError[] = [];
  let position: Position | null = null;
  let events = 0;
  let errors = 0;
  /** The last event that was folded and not committed yet. */
  let uncommitted: Position | null = null;
  let uncommittedEvents = 0;

  const take = (event: BareEvent): void => {
    events += 1;
    const { stream, revision, type, eventId } = event;
    try {
      if (blocked.has(stream)) model.sink.holdBack(event);
      else if (skipped.has(eventId)) model.sink.skip(event);
      else model.sink.apply(event);
    } catch (error) {
      blocked.add(stream);
      errors += 1;
      model.sink.holdBack(event);
      const reason = error instanceof Error ? error.message : String(error);
      if (firstErrors.length < rebuildErrorsShown) firstErrors.push({ stream, revision, eventType: type, reason });
    }
  };

  const commit = async (): Promise<void> => {
    if (uncommitted === null) return;
    await model.sink.commit(uncommitted);
    position = uncommitted;
    uncommitted = null;
    uncommittedEvents = 0;
  };

  /** What somebody decided while it was read, or before it goes on: live does the same when it comes to that. */
  const leaveOut = async (): Promise<void> => {
    skipped = await skips();
    for (const [stream, revisions] of skippedByStream(skipped.values())) await model.sink.leaveOut(stream, revisions);
    if (position !== null) await model.sink.commit(position);
  };

  const isPast = (event: BareEvent, until: Position | undefined): boolean =>
    until !== undefined && log.comparePositions(event.position, until) > 0;

  return {
    filling: () => ({ position, events, errors, firstErrors, blocked }),
    on: async (signal, until) => {
      skipped = await skips();
      for (;;) {
        signal.throwIfAborted();
        const page = await log.readAllBare({ after: uncommitted ?? position });
        const wanted = page.events.filter((event) => !isPast(event, until));
        for (const event of wanted) take(event);
        uncommitted = wanted.at(-1)?.position ?? uncommitted;
        uncommittedEvents += wanted.length;
        const isThere = page.end || wanted.length < page.events.length;
        if (isThere || uncommittedEvents >= model.sink.batchEventsMax) await commit();
        if (isThere) return leaveOut();
        // Requests and the live read model get their turn between pages.
        await setImmediate();
      }
    },
  };
};
