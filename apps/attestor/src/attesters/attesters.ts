import { type AppraisalCommand, type AppraisalState, Refusal } from '#domain';
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
import { conflictsMax } from '../limits.ts';

/** A command to one attester's stream, by whom and why. */
export type AttesterCommand = {
  readonly attesterId: string;
  /** Derives from what caused it: a repeat decides nothing. */
  readonly commandId: string;
  readonly actor: Actor;
  readonly command: AppraisalCommand;
};

/** The streams that this program writes, folded and kept up: an attester has thousands of appraisals and is asked every few minutes. */
export type Attesters = {
  /** The attester as its stream tells now, whoever wrote to it. */
  state(attesterId: string): Promise<AppraisalState>;
  /** Decides and appends; the state after. Throws Refusal, and AttestationRefused `busy` when others kept writing. */
  give(command: AttesterCommand): Promise<AppraisalState>;
  /** Forgets what is not asked for any more. */
  forget(attesterId: string): void;
};

type Folded = { readonly state: AppraisalState; readonly nextRevision: bigint };

const nothing: Folded = { state: null, nextRevision: 0n };

/** Memory grows with the attesters that are live, never with their history. */
export const createAttesters = ({ store, clock }: { readonly store: EventStore; readonly clock: Clock }): Attesters => {
  const { decider, codec, category } = aggregates.appraisal;
  const folded = new Map<string, Folded>();
  /** One at a time for each attester: what it is decided over must be what is appended to. */
  const turns = new Map<string, Promise<unknown>>();

  const keptUp = async (attesterId: string): Promise<Folded> => {
    let { state, nextRevision } = folded.get(attesterId) ?? nothing;
    for (;;) {
      const page = await store.readStream(streamName(category, attesterId), {
        from: nextRevision,
        limit: readPageEventsMax,
      });
      for (const recorded of page) state = decider.evolve(state, codec.decode(recorded));
      nextRevision += BigInt(page.length);
      if (page.length < readPageEventsMax) break;
    }
    const now = { state, nextRevision };
    if (state !== null) folded.set(attesterId, now);
    return now;
  };

  const giveOnce = async ({ attesterId, commandId, actor, command }: AttesterCommand): Promise<AppraisalState> => {
    const { state, nextRevision } = await keptUp(attesterId);
    const decided = decider.decide(state, command);
    if (decided.length === 0) return state;
    const events = decided.map((event, index) => ({
      ...{ eventId: eventIdOf(commandId, index), ...codec.encode(event), recordedAt: isoTime(clock.now()) },
      ...{ actor, correlationId: commandId, causationId: commandId, traceparent: null },
    }));
    await store.append(streamName(category, attesterId), events, nextRevision === 0n ? 'no-stream' : nextRevision - 1n);
    const after = decided.reduce(decider.evolve, state);
    folded.set(attesterId, { state: after, nextRevision: nextRevision + BigInt(events.length) });
    return after;
  };

  const give = async (command: AttesterCommand): Promise<AppraisalState> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await giveOnce(command);
      } catch (error) {
        if (!(error instanceof ConcurrencyConflict)) throw error;
        folded.delete(command.attesterId);
        if (attempt > conflictsMax) {
          throw new AttestationRefused('busy', 'other attestors write to this stream; ask again', 1_000);
        }
      }
    }
  };

  const inTurn = <Result>(attesterId: string, work: () => Promise<Result>): Promise<Result> => {
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

  return {
    state: async (attesterId) => inTurn(attesterId, async () => (await keptUp(attesterId)).state),
    give: (command) => inTurn(command.attesterId, () => give(command)),
    forget: (attesterId) => folded.delete(attesterId),
  };
};

/** A refusal of the stream's rules as the protocol says it. */
export const asAttestationRefused = (error: unknown): unknown =>
  error instanceof Refusal ? new AttestationRefused(error.code, error.message, 0) : error;
