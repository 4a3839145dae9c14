import { type AppraisalCommand, type AppraisalState, type Attester, Refusal } from '#domain';
import {
  type Actor,
  AttestationRefused,
  aggregates,
  type Clock,
  ConcurrencyConflict,
  type EventStore,
  eventIdOf,
  isoTime,
  readPageEventsMax,
  streamName,
} from '#events';
import { attestersAheadMax, conflictsMax } from '../limits.ts';

/** A command to one attester's stream, by whom and why. */
export type AttesterCommand<Told> = {
  readonly attesterId: string;
  /** Belongs to this attempt alone: a repeat of the append finds its own events, and nobody else's. */
  readonly commandId: string;
  readonly actor: Actor;
  /** Over the state that is appended to: called again when somebody else wrote meanwhile. */
  readonly decide: (state: AppraisalState) => Decided<Told> | Promise<Decided<Told>>;
};

export type Decided<Told> = { readonly command: AppraisalCommand; readonly told: Told };

/** The streams that this program writes, folded and kept up: an attester has thousands of appraisals and is asked every few minutes. */
export type Attesters = {
  /** The attester as its stream tells now, whoever wrote to it. */
  state(attesterId: string): Promise<AppraisalState>;
  /** Decides and appends; what the decision told. Throws Refusal, and AttestationRefused `busy` when others kept writing. */
  give<Told>(command: AttesterCommand<Told>): Promise<Told>;
};

/** A stream as far as it was read. */
export type Folded = { readonly state: Attester; readonly nextRevision: bigint };

export type AttestersParts = {
  readonly store: EventStore;
  readonly clock: Clock;
  /** What the reader of the whole log has of an attester: what comes after is read here. */
  readonly known: (attesterId: string) => Folded | undefined;
};

/**
 * Memory grows with the attesters whose news the reader of the log has not seen yet, never with their history, and not without
 * end: VMs, which that reader does not follow, come and go.
 */
export const createAttesters = ({ store, clock, known }: AttestersParts): Attesters => {
  const { decider, codec, category } = aggregates.appraisal;
  /** Only what is ahead of `known`. */
  const ahead = new Map<string, Folded>();
  const inTurn = createTurns();

  const remember = (attesterId: string, folded: Folded): void => {
    ahead.delete(attesterId);
    ahead.set(attesterId, folded);
    const [oldest] = ahead.keys();
    if (ahead.size > attestersAheadMax && oldest !== undefined) ahead.delete(oldest);
  };

  const newestOf = (attesterId: string): Folded | undefined => {
    const [own, read] = [ahead.get(attesterId), known(attesterId)];
    if (own === undefined || (read !== undefined && read.nextRevision >= own.nextRevision)) {
      ahead.delete(attesterId);
      return read;
    }
    return own;
  };

  const keptUp = async (attesterId: string): Promise<{ state: AppraisalState; nextRevision: bigint }> => {
    const from = newestOf(attesterId);
    let { state, nextRevision } = from ?? { state: decider.initial, nextRevision: 0n };
    for (;;) {
      const page = await store.readStream(streamName(category, attesterId), {
        from: nextRevision,
        limit: readPageEventsMax,
      });
      for (const recorded of page) state = decider.evolve(state, codec.decode(recorded));
      nextRevision += BigInt(page.length);
      if (page.length === 0) break;
    }
    if (state !== null && nextRevision !== from?.nextRevision) remember(attesterId, { state, nextRevision });
    return { state, nextRevision };
  };

  const giveOnce = async <Told>({ attesterId, commandId, actor, decide }: AttesterCommand<Told>): Promise<Told> => {
    const { state, nextRevision } = await keptUp(attesterId);
    const { command, told } = await decide(state);
    const decided = decider.decide(state, command);
    if (decided.length === 0) return told;
    const events = decided.map((event, index) => ({
      ...{ eventId: eventIdOf(commandId, index), ...codec.encode(event), recordedAt: isoTime(clock.now()) },
      ...{ actor, correlationId: commandId, causationId: commandId, traceparent: null },
    }));
    await store.append(streamName(category, attesterId), events, nextRevision === 0n ? 'no-stream' : nextRevision - 1n);
    const after = decided.reduce(decider.evolve, state);
    if (after !== null) remember(attesterId, { state: after, nextRevision: nextRevision + BigInt(events.length) });
    return told;
  };

  const give = async <Told>(command: AttesterCommand<Told>): Promise<Told> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await giveOnce(command);
      } catch (error) {
        if (!(error instanceof ConcurrencyConflict)) throw error;
        if (attempt > conflictsMax) {
          throw new AttestationRefused('busy', 'other attestors write to this stream; ask again', 1_000);
        }
      }
    }
  };

  return {
    state: (attesterId) => inTurn(attesterId, async () => (await keptUp(attesterId)).state),
    give: (command) => inTurn(command.attesterId, () => give(command)),
  };
};

/** Work on one attester one after the other: what it is decided over must be what is appended to. */
const createTurns = () => {
  const turns = new Map<string, Promise<unknown>>();
  return <Result>(attesterId: string, work: () => Promise<Result>): Promise<Result> => {
    const before = turns.get(attesterId) ?? Promise.resolve();
    const mine = before.then(work, work);
    const done = mine.then(
      () => undefined,
      () => undefined,
    );
    turns.set(attesterId, done);
    void done.then(() => {
      if (turns.get(attesterId) === done) turns.delete(attesterId);
    });
    return mine;
  };
};

/** A refusal of the stream's rules as the protocol says it. */
export const asAttestationRefused = (error: unknown): unknown =>
  error instanceof Refusal ? new AttestationRefused(error.code, error.message, 0) : error;
