import { expect } from 'vitest';
import { type Decider, fold, Refusal, type RefusalCode } from '#domain';

/** What a decision came to. Every one of them also proves what all deciders promise: a repeat decides nothing. */
export type Then<Event> = {
  readonly thenEvents: (...events: readonly Event[]) => void;
  /** These events, and a refusal of the same command from then on. */
  readonly thenOnce: (refusedAgain: RefusalCode, ...events: readonly Event[]) => void;
  readonly thenNothing: () => void;
  readonly thenRefused: (code: RefusalCode, saying?: RegExp) => void;
};

/** `given(decider, ...events).when(command).thenEvents(...events)`. */
export const given = <State, Command, Event>(
  decider: Decider<State, Command, Event>,
  ...history: readonly NoInfer<Event>[]
) => ({
  when: (command: NoInfer<Command>): Then<Event> => {
    const outcome = decided(decider, history, command);
    return {
      thenEvents: (...events) => {
        expect(outcome).toEqual({ events });
        expect(decided(decider, [...history, ...events], command)).toEqual({ events: [] });
      },
      thenOnce: (refusedAgain, ...events) => {
        expect(outcome).toEqual({ events });
        expect(decided(decider, [...history, ...events], command)).toMatchObject({ refused: refusedAgain });
      },
      thenNothing: () => expect(outcome).toEqual({ events: [] }),
      thenRefused: (code, saying = /./) => {
        expect(outcome).toEqual({ refused: code, saying: expect.stringMatching(saying) });
      },
    };
  },
});

/** The events that these commands make, one after the other. */
export const eventsOf = <State, Command, Event>(
  decider: Decider<State, Command, Event>,
  ...commands: readonly NoInfer<Command>[]
): readonly Event[] => {
  const history: Event[] = [];
  for (const command of commands) history.push(...decider.decide(fold(decider, history), command));
  return history;
};

type Decided<Event> =
  | { readonly events: readonly Event[] }
  | { readonly refused: RefusalCode; readonly saying: string };

const decided = <State, Command, Event>(
  decider: Decider<State, Command, Event>,
  history: readonly Event[],
  command: Command,
): Decided<Event> => {
  try {
    return { events: decider.decide(fold(decider, history), command) };
  } catch (error) {
    if (error instanceof Refusal) return { refused: error.code, saying: error.message };
    throw error;
  }
};
