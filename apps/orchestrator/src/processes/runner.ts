import type { UnixMs } from '#domain';
import {
  aggregates,
  type Checkpoints,
  type Clock,
  categoryOf,
  commandIdOf,
  type EventStore,
  type Handling,
  handle,
  idOf,
  type Position,
  type RecordedEvent,
  readPageEventsMax,
  type Sink,
  StoreUnavailable,
  UnknownEvent,
} from '#events';
import type { KnownEvent, Process, ProcessCommand } from './process.ts';

export type ProcessDependencies = {
  readonly store: EventStore;
  readonly checkpoints: Checkpoints;
  readonly clock: Clock;
};

/** A process without a checkpoint on a store that has history: running it would give every command again, or none. */
export class CheckpointMissing extends Error {
  override readonly name = 'CheckpointMissing';
}

export type StartAt = 'checkpoint' | 'beginning';

/**
 * A process as a sink: absorbs what it had handled before, then absorbs and reacts. Refuses to start without a
 * checkpoint on a store with history ({@link CheckpointMissing}) unless told to begin at the beginning; that is safe,
 * because every command id derives from its event, but it must be somebody's decision.
 */
export const processSink = <State>(
  process: Process<State>,
  { store, checkpoints, clock }: ProcessDependencies,
  startAt: StartAt = 'checkpoint',
): Sink & { readonly state: () => State } => {
  let state = process.initial();

  const load = async (): Promise<Position | null> => {
    const saved = await checkpoints.load(process.name);
    if (saved === 'none' && startAt === 'checkpoint' && (await store.head()) !== null) {
      throw new CheckpointMissing(
        `process ${process.name} has no checkpoint, but the store has events; start once with HCC_RECONCILE=1 to let it begin at the beginning`,
      );
    }
    const position = saved === 'none' ? null : saved;
    if (saved === 'none') await checkpoints.save(process.name, null);
    state = process.initial();
    if (position !== null) await absorbUpTo(position);
    return position;
  };

  const absorbUpTo = async (until: Position): Promise<void> => {
    for (let after: Position | null = null; ; ) {
      const page = await store.readAll({ after, limit: readPageEventsMax });
      for (const recorded of page.events) {
        if (store.comparePositions(recorded.position, until) > 0) return;
        const known = tryDecode(recorded);
        // What cannot be read was parked when it was new; the fold goes on without that stream's part.
        if (known !== null) process.absorb(state, known);
      }
      if (page.end) return;
      after = page.next;
    }
  };

  return {
    state: () => state,
    load,
    apply: async (recorded) => {
      const known = decodeKnown(recorded);
      process.absorb(state, known);
      const commands = process.react(state, known).map((command) => ({ cause: recorded, command }));
      await giveAll({ store, clock }, process.name, commands);
    },
    commit: (position) => checkpoints.save(process.name, position),
  };
};

export type CausedCommand = { readonly cause: Cause; readonly command: ProcessCommand };

type Cause = Pick<RecordedEvent, 'eventId' | 'correlationId' | 'traceparent'>;

/**
 * Gives every command, also after one that fails: a stream that cannot be read holds up its own command and no other.
 * Throws the first failure once all were given.
 */
export const giveAll = async (
  handling: Handling,
  processName: string,
  commands: readonly CausedCommand[],
): Promise<void> => {
  const failures: unknown[] = [];
  for (const { cause, command } of commands) {
    try {
      await give(handling, processName, cause, command);
    } catch (error) {
      // A lost store fails them all; the whole event comes again.
      if (error instanceof StoreUnavailable) throw error;
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
};

/** Gives a process's command to its stream. Its id derives from the event that caused it and the step. */
export const give = async (
  handling: Handling,
  processName: string,
  cause: Cause,
  wanted: ProcessCommand,
): Promise<void> => {
  const meta = {
    commandId: commandIdOf(processName, cause.eventId, wanted.step),
    actor: `process:${processName}`,
    correlationId: cause.correlationId,
    causationId: cause.eventId,
    traceparent: cause.traceparent,
  } as const;
  const now: UnixMs = handling.clock.now();
  switch (wanted.target) {
    case 'vm':
      await handle(handling, aggregates.vm, wanted.id, { ...wanted.command, now }, meta);
      return;
    case 'account':
      await handle(handling, aggregates.account, wanted.id, { ...wanted.command, now }, meta);
      return;
    case 'miner':
      await handle(handling, aggregates.miner, wanted.id, { ...wanted.command, now }, meta);
      return;
  }
};

/** A recorded event with its meaning. Throws UnknownEvent for what this build cannot read. */
export const decodeKnown = (recorded: RecordedEvent): KnownEvent => {
  const category = categoryOf(recorded.stream);
  const id = idOf(recorded.stream);
  // The id of a stream is the id its category's codec branded when the stream was written.
  return { category, id, event: aggregates[category].codec.decode(recorded), recorded } as KnownEvent;
};

/** {@link decodeKnown}, or `null` for what this build cannot read. */
export const tryDecode = (recorded: RecordedEvent): KnownEvent | null => {
  try {
    return decodeKnown(recorded);
  } catch (error) {
    if (error instanceof UnknownEvent) return null;
    throw error;
  }
};
