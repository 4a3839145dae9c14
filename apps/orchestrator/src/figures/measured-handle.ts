import { Refusal } from '#domain';
import type { Metrics } from '#edge';
import {
  type Aggregate,
  type CommandMeta,
  ConcurrencyConflict,
  type Handling,
  handle,
  type Outcome,
  StoreUnavailable,
} from '#events';

/** The pipe as the door uses it: what each command came to is counted. */
export type DoorHandling = Handling & { readonly metrics: Metrics };

/** {@link handle}, counted by aggregate and outcome. */
export const measuredHandle = async <
  State,
  Command extends { readonly type: string; readonly now: number },
  Event extends { readonly type: string },
>(
  handling: DoorHandling,
  aggregate: Aggregate<State, Command, Event>,
  id: string,
  command: Command,
  meta: CommandMeta,
): Promise<Outcome> => {
  const told = (outcome: string): void =>
    handling.metrics.count('hcc_commands_total', { aggregate: aggregate.category, outcome });
  try {
    const outcome = await handle(handling, aggregate, id, command, meta);
    told(outcome.events.length === 0 ? 'unchanged' : 'done');
    return outcome;
  } catch (error) {
    told(outcomeOf(error));
    throw error;
  }
};

const outcomeOf = (error: unknown): string => {
  if (error instanceof Refusal) return error.code;
  if (error instanceof ConcurrencyConflict) return 'concurrency-conflict';
  return error instanceof StoreUnavailable ? 'store-unavailable' : 'internal';
};
