import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Decider, Refusal, type RefusalCode } from '#domain';

/** One command and what it came to: the state it found, its events, or its refusal. */
export type StepTaken<State, Command, Event> = {
  readonly before: State;
  readonly command: Command;
  readonly events: readonly Event[];
  readonly refusal: Refusal | null;
  readonly after: State;
};

/** A command made by looking at the state, so that random histories also reach the states that are far away. */
export type Move<State, Command> = (state: State, step: number) => Command;

/** A move that a failing law prints as what it is made of. */
export const shownAs = <State, Command>(move: Move<State, Command>, shown: unknown): Move<State, Command> =>
  Object.assign(move, { [fc.toStringMethod]: () => fc.stringify(shown) });

/** Moves that give these commands whatever the state. */
export const movesOf = <State, Command>(command: fc.Arbitrary<Command>): fc.Arbitrary<Move<State, Command>> =>
  command.map((made) => shownAs(() => made, made));

/** Plays moves from the beginning. Everything but a Refusal is thrown on. */
export const play = <State, Command, Event>(
  decider: Decider<State, Command, Event>,
  moves: readonly Move<State, Command>[],
): readonly StepTaken<State, Command, Event>[] => {
  let state = decider.initial;
  return moves.map((move, index) => {
    const before = state;
    const command = move(before, index);
    const { events, refusal } = attempt(decider, before, command);
    state = events.reduce(decider.evolve, before);
    return { before, command, events, refusal, after: state };
  });
};

export const attempt = <State, Command, Event>(
  decider: Decider<State, Command, Event>,
  state: State,
  command: Command,
): { readonly events: readonly Event[]; readonly refusal: Refusal | null } => {
  try {
    return { events: decider.decide(state, command), refusal: null };
  } catch (error) {
    if (error instanceof Refusal) return { events: [], refusal: error };
    throw error;
  }
};

export type Lawful<State, Command, Event extends { readonly type: string }> = {
  readonly decider: Decider<State, Command, Event>;
  readonly move: fc.Arbitrary<Move<State, Command>>;
  /** What is recorded once and refused from then on, so that nobody takes silence for a yes. */
  readonly refusedAgain?: readonly RefusalCode[];
  /** At least one sample of every type of event. */
  readonly samples: { readonly [Type in Event['type']]: readonly Extract<Event, { readonly type: Type }>[] };
};

export const historyLengthMax = 60;
export const histories = <State, Command>(move: fc.Arbitrary<Move<State, Command>>) =>
  fc.array(move, { maxLength: historyLengthMax, size: 'max' });

/** The laws of every decider, over any history. */
export const testDeciderLaws = <State, Command, Event extends { readonly type: string }>({
  decider,
  move,
  samples,
  refusedAgain = [],
}: Lawful<State, Command, Event>): void => {
  const sampleEvents = (Object.values(samples) as readonly (readonly Event[])[]).flat();

  test('given any history / when a command comes again right after its own events / then it decides nothing', () =>
    fc.assert(
      fc.property(histories(move), (moves) => {
        for (const { command, refusal, after } of play(decider, moves)) {
          if (refusal !== null) continue;
          const again = attempt(decider, after, command);
          expect(again.events).toEqual([]);
          if (again.refusal !== null) expect(refusedAgain).toContain(again.refusal.code);
        }
      }),
    ));

  test('given any history / when a command is refused / then it says what and how, and leaves no trace', () =>
    fc.assert(
      fc.property(histories(move), (moves) => {
        for (const { refusal, before, after } of play(decider, moves)) {
          if (refusal === null) continue;
          expect(after).toBe(before);
          expect(refusal.message.length).toBeGreaterThan(20);
        }
      }),
    ));

  test('given any events in any order / when they are folded / then evolve never throws nor changes what it was given', () =>
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...sampleEvents), { maxLength: historyLengthMax, size: 'max' }),
        (events) => {
          let state = decider.initial;
          for (const event of events) {
            const copy = structuredClone(state);
            const next = decider.evolve(state, event);
            expect(state).toEqual(copy);
            state = next;
          }
        },
      ),
    ));

  test('the histories of these laws are worth something: they hold every type of event', () => {
    const seen = new Set(
      fc
        .sample(histories(move), { seed: 1, numRuns: 500 })
        .flatMap((moves) => play(decider, moves).flatMap(({ events }) => events.map(({ type }) => type))),
    );
    expect([...seen].sort()).toEqual(Object.keys(samples).sort());
  });
};
