import type { UnixMs } from '#domain';

/** What falls due, and when. It carries nothing else: what to do then is read from events, so an old timer does no harm. */
export type Timer = { readonly id: string; readonly dueAt: UnixMs };

/** Timers of one kind, where they come from and who they are for. */
export type TimerSource = {
  /** A lower-case word with dashes, such as `vm-deadline`; served once per process. */
  readonly kind: string;
  /** Every timer that should stand now, derived from events. Asked at the start, and whenever timers may have been lost. */
  readonly derive: () => Iterable<Timer>;
  /**
   * Called at or after `dueAt`, at least once, in one of the processes that serve the kind. It may come twice, or once for
   * a timer replaced in that very moment: look at what is true now. A rejection brings it again, after a pause that grows.
   */
  readonly due: (timer: Timer) => Promise<void>;
};

/** The timers of one kind. What is said here must be what `derive` would say by now. Neither call waits nor fails. */
export type Timers = {
  /** The same id again replaces. */
  set(timer: Timer): void;
  cancel(id: string): void;
  /** Calls nothing more here, and waits for what runs. Timers stay for whoever serves the kind next. */
  stop(): Promise<void>;
};

export type SchedulerStatus = {
  readonly backend: 'in-process' | 'redis';
  /** How many timers stand, by kind. */
  readonly standing: Readonly<Record<string, number>>;
  /** Why timers are not shared with other processes now; `null` when nothing is wrong. They fire here meanwhile. */
  readonly unreachable: string | null;
};

/** Timers that survive the loss of whatever keeps them, because each is derivable from events. */
export type Scheduler = {
  serve(source: TimerSource): Timers;
  status(): SchedulerStatus;
  stop(): Promise<void>;
};

/** How one call of `due` went. */
export type TimerFired = { readonly kind: string; readonly lateMs: number; readonly error: unknown };
