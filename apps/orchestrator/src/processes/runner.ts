import type { UnixMs } from '#domain';
import {
  aggregates,
  type Checkpoints,
  type Clock,
  type CommandMeta,
  CommandUndeliverable,
  commandIdOf,
  createKeptFold,
  type EventStore,
  type FoldSnapshots,
  type Handling,
  handle,
  hasHistory,
  type Position,
  type RecordedEvent,
  type Sink,
  StoreUnavailable,
  type StreamName,
  streamName,
  UnknownEvent,
} from '#events';
import { decodeKnown, tryDecode } from './decoded.ts';
import type { KnownEvent, Process, ProcessCommand } from './process.ts';

export type ProcessDependencies = {
  readonly store: EventStore;
  readonly checkpoints: Checkpoints;
  readonly clock: Clock;
  readonly snapshots: FoldSnapshots;
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
  { store, checkpoints, clock, snapshots }: ProcessDependencies,
  startAt: StartAt = 'checkpoint',
): Sink & { readonly state: () => State } => {
  /** Streams whose past this build cannot read whole: what it would decide over the rest is not to be trusted. */
  const unreadable = new Set<StreamName>();
  /** Streams that stand still behind an event that this build cannot read, until somebody skips it. */
  const behind = new Set<StreamName>();
  const kept = createKeptFold({
    ...{ name: process.name, store, snapshots, initial: process.initial },
    absorb: (state, recorded) => {
      const known = tryDecode(recorded);
      // A newer build handled it when it was new. What follows on its stream is parked here, for a build that can.
      if (known === null) unreadable.add(recorded.stream);
      else process.absorb(state, known);
      return known !== null;
    },
  });

  const load = async (): Promise<Position | null> => {
    const saved = await checkpoints.load(process.name);
    if (saved === 'none' && startAt === 'checkpoint' && (await hasHistory(store))) {
      throw new CheckpointMissing(
        `process ${process.name} has no checkpoint, but the store has events; start once with HCC_RECONCILE=1 to let it begin at the beginning`,
      );
    }
    const position = saved === 'none' ? null : saved;
    if (saved === 'none') await checkpoints.save(process.name, null);
    kept.forget();
    return position;
  };

  /** At once when there is no command to give, which is so for nearly every event: a promise for each costs more than the fold. */
  const react = (known: KnownEvent): Promise<void> | undefined => {
    const missing = missingOf(known);
    if (missing !== undefined) throw new CommandUndeliverable(missing, unknownPast(known.recorded, missing));
    const commands = process.react(kept.state(), known).map((command) => ({ cause: known.recorded, command }));
    return commands.length === 0 ? undefined : giveAll({ store, clock }, process.name, commands);
  };

  const missingOf = (known: KnownEvent): StreamName | undefined =>
    unreadable.size + behind.size === 0
      ? undefined
      : process.over?.(kept.state(), known).find((stream) => unreadable.has(stream) || behind.has(stream));

  const read = (recorded: RecordedEvent): KnownEvent => {
    if (unreadable.has(recorded.stream)) throw unknownPast(recorded);
    try {
      const known = decodeKnown(recorded);
      behind.delete(recorded.stream);
      return known;
    } catch (error) {
      if (error instanceof UnknownEvent) behind.add(recorded.stream);
      throw error;
    }
  };

  return {
    state: kept.state,
    load,
    restore: (until, past) => {
      unreadable.clear();
      return kept.restore(until, past);
    },
    apply: (recorded) => {
      const known = read(recorded);
      process.absorb(kept.state(), known);
      kept.took(recorded);
      return react(known);
    },
    retry: (recorded) => {
      // What it owes may depend on what this build could not read: to decide nothing over the rest would settle it.
      return react(read(recorded));
    },
    commit: async (position, without) => {
      await checkpoints.save(process.name, position);
      await kept.keep(without);
    },
  };
};

const unknownPast = ({ type, stream, revision }: RecordedEvent, missing?: StreamName): UnknownEvent => {
  const what = missing === undefined ? 'what came before it there' : `all of ${missing}`;
  return new UnknownEvent('type', `${type} at ${stream}@${revision}: this build cannot read ${what}; run a newer one`);
};

export type CausedCommand = { readonly cause: Cause; readonly command: ProcessCommand };

type Cause = Pick<RecordedEvent, 'stream' | 'eventId' | 'correlationId' | 'traceparent'>;

/**
 * Gives every command, also after one that fails: a stream that cannot be read holds up its own command and no other.
 * Throws one of the failures once all were given, the gravest first.
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
  const grave = failures.find((failure) => !(failure instanceof CommandUndeliverable));
  if (failures.length > 0) throw grave ?? failures[0];
};

/**
 * Gives a process's command to its stream. Its id derives from the event that caused it and the step. Throws
 * CommandUndeliverable when another stream than the event's own cannot be read.
 */
export const give = async (
  handling: Handling,
  processName: string,
  cause: Cause,
  wanted: ProcessCommand,
): Promise<void> => {
  const commandId = commandIdOf(processName, cause.eventId, wanted.step);
  const { correlationId, eventId: causationId, traceparent } = cause;
  const meta = { commandId, actor: `process:${processName}`, correlationId, causationId, traceparent } as const;
  try {
    await giveTo(handling, wanted, meta);
  } catch (error) {
    const target = streamName(wanted.target, wanted.id);
    if (error instanceof UnknownEvent && target !== cause.stream) throw new CommandUndeliverable(target, error);
    throw error;
  }
};

const giveTo = (handling: Handling, wanted: ProcessCommand, meta: CommandMeta): Promise<unknown> => {
  const now: UnixMs = handling.clock.now();
  switch (wanted.target) {
    case 'vm':
      return handle(handling, aggregates.vm, wanted.id, { ...wanted.command, now }, meta);
    case 'account':
      return handle(handling, aggregates.account, wanted.id, { ...wanted.command, now }, meta);
    case 'miner':
      return handle(handling, aggregates.miner, wanted.id, { ...wanted.command, now }, meta);
    case 'device':
      return handle(handling, aggregates.device, wanted.id, { ...wanted.command, now }, meta);
  }
};
