import { fold, Refusal } from '#domain';
import type { Aggregate } from './aggregates.ts';
import type { Codec } from './codec.ts';
import type { Actor, NewEvent, RecordedEvent, StreamName } from './envelope.ts';
import { eventIdOf } from './identity.ts';
import { conflictRetriesMax, readPageEventsMax, streamEventsMax } from './limits.ts';
import { streamName } from './names.ts';
import type { Clock } from './ports/clock.ts';
import { type Appended, ConcurrencyConflict, type EventStore } from './ports/event-store.ts';
import { isoTime } from './schemas/values.ts';

/** Who gave a command and why. `commandId` makes a repeat decide nothing. */
export type CommandMeta = {
  readonly commandId: string;
  readonly actor: Actor;
  readonly correlationId: string;
  readonly causationId: string;
  readonly traceparent: string | null;
};

export type Handling = { readonly store: EventStore; readonly clock: Clock };

/** What a command came to. `appended` is `null` when it decided nothing on an empty stream. */
export type Outcome = {
  readonly stream: StreamName;
  readonly appended: Appended | null;
  /** Types of the events this command made, now or the first time it was given. */
  readonly events: readonly string[];
};

type AnyCommand = { readonly type: string; readonly now: number };

/**
 * The one visible pipe: read the stream, fold, decide, append at the revision read. On a conflict it reads and decides
 * again, at most {@link conflictRetriesMax} times; a command already recorded returns its first outcome. A command that
 * begins a stream is first decided as if there were none, without a read; only the store's word can confirm that.
 * Throws Refusal, ConcurrencyConflict, UnknownEvent, StoreUnavailable.
 */
export const handle = async <State, Command extends AnyCommand, Event extends { readonly type: string }>(
  { store, clock }: Handling,
  aggregate: Aggregate<State, Command, Event>,
  id: string,
  command: Command,
  meta: CommandMeta,
): Promise<Outcome> => {
  const stream = streamName(aggregate.category, id);
  const recordedAt = isoTime(clock.now());
  const decideAndAppend = async (history: readonly RecordedEvent[]): Promise<Outcome> => {
    const last = history.at(-1);
    const state = fold(
      aggregate.decider,
      history.map((recorded) => aggregate.codec.decode(recorded)),
    );
    const decided = aggregate.decider.decide(state, command);
    if (decided.length === 0) return { stream, appended: last === undefined ? null : resultAt(last), events: [] };
    const events = decided.map((event, index): NewEvent => toNewEvent(aggregate, event, index, meta, recordedAt));
    const appended = await store.append(stream, events, last === undefined ? 'no-stream' : last.revision);
    return { stream, appended, events: decided.map(({ type }) => type) };
  };
  if (command.type === aggregate.begins) {
    const begun = await confirmed(() => decideAndAppend([]));
    if (begun !== null) return begun;
  }
  for (let attempt = 1; ; attempt += 1) {
    const history = await readWholeStream(store, stream);
    const earlier = earlierOutcome(history, stream, meta.commandId);
    if (earlier !== null) return earlier;
    try {
      return await decideAndAppend(history);
    } catch (error) {
      if (!(error instanceof ConcurrencyConflict) || attempt > conflictRetriesMax) throw error;
    }
  }
};

/** What was recorded on a guess; `null` where nothing was, so that nobody is refused for what was only guessed. */
const confirmed = async (work: () => Promise<Outcome>): Promise<Outcome | null> => {
  try {
    const outcome = await work();
    return outcome.events.length === 0 ? null : outcome;
  } catch (error) {
    if (error instanceof ConcurrencyConflict || error instanceof Refusal) return null;
    throw error;
  }
};

/** A stream's whole history. Refuses one longer than {@link streamEventsMax} instead of slowing down in silence. */
export const readWholeStream = async (store: EventStore, stream: StreamName): Promise<readonly RecordedEvent[]> => {
  const history: RecordedEvent[] = [];
  for (;;) {
    const page = await store.readStream(stream, { from: BigInt(history.length), limit: readPageEventsMax });
    history.push(...page);
    if (page.length < readPageEventsMax) return history;
    if (history.length >= streamEventsMax) {
      throw new Error(`BUG: stream ${stream} has over ${streamEventsMax} events; it needs snapshots`);
    }
  }
};

const earlierOutcome = (history: readonly RecordedEvent[], stream: StreamName, commandId: string): Outcome | null => {
  const first = history.findIndex(({ eventId }) => eventId === eventIdOf(commandId, 0));
  if (first === -1) return null;
  const made: RecordedEvent[] = [];
  for (const recorded of history.slice(first)) {
    if (recorded.eventId !== eventIdOf(commandId, made.length)) break;
    made.push(recorded);
  }
  const last = made.at(-1);
  return last === undefined ? null : { stream, appended: resultAt(last), events: made.map(({ type }) => type) };
};

const resultAt = ({ revision, position }: RecordedEvent): Appended => ({ revision, position });

const toNewEvent = <Event extends { readonly type: string }>(
  { codec }: { readonly codec: Codec<Event> },
  event: Event,
  index: number,
  meta: CommandMeta,
  recordedAt: string,
): NewEvent => ({
  eventId: eventIdOf(meta.commandId, index),
  ...codec.encode(event),
  recordedAt,
  actor: meta.actor,
  correlationId: meta.correlationId,
  causationId: meta.causationId,
  traceparent: meta.traceparent,
});
