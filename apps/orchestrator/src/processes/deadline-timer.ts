import type { Log } from '#edge';
import type { Clock, EventStore, Scheduler, Sink } from '#events';
import { deadlines, dueDeadlines, type LiveVms, nextDeadlineAt, raise } from './deadlines.process.ts';
import { giveAll } from './runner.ts';

const key = 'vm-deadlines';

/** A deadline that could not be raised (a lost store) is tried again after this. */
const retryMs = 5_000;

export type DeadlineTimer = {
  /** Sets the one timer to the earliest deadline there is. Call it whenever the fold has moved. */
  set(): void;
  /** Raises every deadline that has passed. */
  raiseDue(): Promise<void>;
};

/** One timer for all deadlines, derived from the log: lose it and `set` makes it again. */
export const createDeadlineTimer = ({
  store,
  clock,
  scheduler,
  live,
  log,
}: {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly live: () => LiveVms;
  readonly log: Log;
}): DeadlineTimer => {
  const raiseDue = async (): Promise<void> => {
    const vms = live();
    const commands = dueDeadlines(vms, clock.now()).flatMap((deadline) => {
      const cause = vms.get(deadline.vmId)?.last;
      return cause === undefined ? [] : [{ cause, command: raise(deadline) }];
    });
    await giveAll({ store, clock }, deadlines.name, commands);
  };

  const set = (): void => {
    const at = nextDeadlineAt(live());
    if (at === null) scheduler.cancel(key);
    else scheduler.schedule(key, at, fire);
  };

  const fire = async (): Promise<void> => {
    try {
      await raiseDue();
    } catch (error) {
      log('warn', 'deadline not raised, trying again', { reason: String(error), retryMs });
      scheduler.schedule(key, clock.now() + retryMs, fire);
    }
  };

  return { set, raiseDue };
};

/** The deadlines sink with its timer kept to the newest fold. */
export const withTimer = (sink: Sink, timer: DeadlineTimer): Sink => ({
  load: async () => {
    const position = await sink.load();
    timer.set();
    return position;
  },
  apply: (event) => sink.apply(event),
  retry: (event) => (sink.retry ?? sink.apply)(event),
  commit: async (position) => {
    await sink.commit(position);
    timer.set();
  },
});
