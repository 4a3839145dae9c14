import {
  andThen,
  type Clock,
  categoryOf,
  type EventStore,
  idOf,
  type RecordedEvent,
  type Scheduler,
  type Sink,
  type TimerSource,
  type Timers,
} from '#events';
import { deadlineOf, deadlines, type LiveVms, raise } from './deadlines.process.ts';
import { giveAll } from './runner.ts';

type Handling = { readonly store: EventStore; readonly clock: Clock };

/** One timer for each VM that waits for something, derived from the log: lose them and they are made again. */
export const deadlineSource = (live: () => LiveVms, { store, clock }: Handling): TimerSource => ({
  kind: 'vm-deadline',
  derive: () =>
    [...live().keys()].flatMap((vmId) => {
      const dueAt = dueAtOf(live(), vmId);
      return dueAt === null ? [] : [{ id: vmId, dueAt }];
    }),
  due: async ({ id }) => {
    const vm = vmOf(live(), id);
    const deadline = vm === undefined ? null : deadlineOf(vm.state);
    // It may have been met, or moved, in the moment it fell due.
    if (vm === undefined || deadline === null || deadline.deadlineAt > clock.now()) return;
    await giveAll({ store, clock }, deadlines.name, [{ cause: vm.last, command: raise(deadline) }]);
  },
});

/** The deadlines sink with its timers kept to the newest fold. Stopped here, they are derived anew where it starts next. */
export const withTimers = (
  sink: Sink,
  live: () => LiveVms,
  source: TimerSource,
  scheduler: Scheduler,
): { readonly sink: Sink; readonly stop: () => Promise<void> } => {
  let timers: Timers | null = null;

  const keep = ({ stream }: RecordedEvent): void => {
    if (categoryOf(stream) !== 'vm') return;
    const id = idOf(stream);
    const dueAt = dueAtOf(live(), id);
    if (dueAt === null) timers?.cancel(id);
    else timers?.set({ id, dueAt });
  };
  const stop = async (): Promise<void> => {
    const stopping = timers;
    timers = null;
    await stopping?.stop();
  };

  return {
    stop,
    sink: {
      load: async () => {
        await stop();
        const position = await sink.load();
        timers = scheduler.serve(source);
        return position;
      },
      restore: async (until, past) => {
        await stop();
        await sink.restore?.(until, past);
        timers = scheduler.serve(source);
      },
      apply: (event) => andThen(sink.apply(event), () => keep(event)),
      retry: (event) => (sink.retry ?? sink.apply)(event),
      commit: (position, without) => sink.commit(position, without),
    },
  };
};

/** A timer's id is text until a VM is found under it. */
const vmOf = <Live>(live: ReadonlyMap<string, Live>, id: string): Live | undefined => live.get(id);

const dueAtOf = (live: LiveVms, id: string): number | null => {
  const vm = vmOf(live, id);
  return vm === undefined ? null : (deadlineOf(vm.state)?.deadlineAt ?? null);
};
