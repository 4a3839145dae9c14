/**
 * One stream's rules as three values. `decide` refuses by throwing a {@link Refusal} and nothing else; it answers `[]`
 * when the command has already happened. `evolve` is total: it never throws, because history cannot be refused.
 */
export type Decider<State, Command, Event> = {
  readonly initial: State;
  readonly decide: (state: State, command: Command) => readonly Event[];
  readonly evolve: (state: State, event: Event) => State;
};

/** State after a history, oldest event first. */
export const fold = <State, Command, Event>(
  decider: Decider<State, Command, Event>,
  history: Iterable<NoInfer<Event>>,
  from: State = decider.initial,
): State => {
  let state = from;
  for (const event of history) state = decider.evolve(state, event);
  return state;
};
