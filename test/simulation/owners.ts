import { Refusal } from '#domain';
import { type EventStore, eventIdOf, type Handling, type Outcome, readWholeStream } from '#events';
import type { Accuse } from './checker.ts';
import type { Random } from './random.ts';
import { give, type Wish, type Wishes } from './wishes.ts';

type Answered = { readonly wish: Wish; readonly outcome: Outcome };

/** People who want things, change their minds, and repeat a command until it is answered. */
export type Owners = {
  /** Somebody asks for something: new, once more without an answer, or once more although answered. */
  ask(handling: Handling): Promise<void>;
  /** Everybody wants one thing more of each VM: what is wrong beneath a calm surface shows when something moves. */
  part(handling: Handling): Promise<void>;
  /** Nobody wants anything new; what was not answered is asked once more. */
  repeat(handling: Handling): Promise<void>;
  /** Everything that was ever answered is in the log. */
  check(store: EventStore): Promise<void>;
};

export const createOwners = (random: Random, wishes: Wishes, accuse: Accuse): Owners => {
  /** Without an answer: on their way, or failed. */
  const open = new Map<string, Wish>();
  const answered: Answered[] = [];
  const first = new Map<string, Outcome>();

  const tell = async (handling: Handling, wish: Wish): Promise<void> => {
    const { commandId } = wish;
    if (!first.has(commandId)) open.set(commandId, wish);
    try {
      const outcome = await give(handling, wish);
      open.delete(commandId);
      const earlier = first.get(commandId);
      if (earlier === undefined) {
        first.set(commandId, outcome);
        answered.push({ wish, outcome });
      } else if (earlier.events.length > 0 && !sameOutcome(earlier, outcome)) {
        accuse('repeat-answers-the-same', `${wish.given.command.type} ${commandId} came to another result`);
      }
    } catch (error) {
      // A refusal is an answer; anything else leaves the owner without one, so the same command comes again.
      if (error instanceof Refusal) open.delete(commandId);
    }
  };

  const choose = (): Wish => {
    if (open.size > 0 && random.chance(0.4)) return random.pick([...open.values()]);
    if (answered.length > 0 && random.chance(0.15)) return random.pick(answered).wish;
    return wishes.next();
  };

  return {
    ask: (handling) => tell(handling, choose()),
    part: async (handling) => {
      await Promise.all(wishes.last().map((wish) => tell(handling, wish)));
    },
    repeat: async (handling) => {
      await Promise.all([...open.values()].map((wish) => tell(handling, wish)));
    },
    check: async (store) => {
      for (const { wish, outcome } of answered) {
        if (outcome.events.length === 0) continue;
        const history = await readWholeStream(store, outcome.stream);
        const recorded = outcome.events.map(
          (_, index) => history.find(({ eventId }) => eventId === eventIdOf(wish.commandId, index))?.type,
        );
        if (recorded.join() === outcome.events.join()) continue;
        const { type } = wish.given.command;
        accuse('acknowledged-is-recorded', `${type} was answered with ${outcome.events}, in the log: ${recorded}`);
      }
    },
  };
};

const sameOutcome = (a: Outcome, b: Outcome): boolean =>
  a.events.length === b.events.length && a.appended?.position === b.appended?.position;
