import { type Consumer, type EventStore, type OrchestratorBus, type Scheduler, shownReason } from '#events';

/** One part's word: `null` when it is ready, else why not. */
export type Probe = {
  readonly name: string;
  readonly check: () => Promise<string | null> | string | null;
  /** What it says is worth a person's look, and no reason to send work elsewhere. */
  readonly isAdvisory?: true;
};

export type ReadinessReport = {
  readonly ready: boolean;
  readonly parts: readonly { readonly name: string; readonly ready: boolean; readonly detail: string | null }[];
  /** Events that a consumer of this process does not go past. They stop their own stream, not the network. */
  readonly parked: number;
};

export type Readiness = { report(): Promise<ReadinessReport> };

type Watched = { readonly status: Consumer['status'] };

/** Ready means: every probe says so and every consumer has read to the end of the log. */
export const createReadiness = (probes: readonly Probe[], consumers: () => readonly Watched[]): Readiness => ({
  report: async () => {
    const parts = await Promise.all(probes.map(asked));
    const statuses = consumers().map(({ status }) => status());
    const followed = statuses.map(({ name, caughtUp, stalled, position }) => {
      const where = `reads what was recorded before it started, and stands at ${position ?? 'the beginning'}`;
      const detail = caughtUp ? null : (stalled ?? where);
      return { name, ready: detail === null, detail };
    });
    const all = [...parts, ...followed];
    return {
      ready: all.every(({ ready }) => ready),
      parts: all,
      parked: statuses.reduce((sum, { parkedCount }) => sum + parkedCount, 0),
    };
  },
});

const asked = async ({ name, check, isAdvisory }: Probe) => {
  let detail: string | null;
  try {
    detail = await check();
  } catch (error) {
    detail = shownReason(error);
  }
  return { name, ready: detail === null || isAdvisory === true, detail };
};

export const storeProbe = (store: Pick<EventStore, 'head'>): Probe => ({
  name: 'store',
  check: async () => {
    await store.head();
    return null;
  },
});

export const busProbe = (bus: Pick<OrchestratorBus, 'connectedSince'>): Probe => ({
  name: 'bus',
  check: () => (bus.connectedSince() === null ? 'no connection to the NATS server; it is tried again' : null),
});

/** A lost Redis is said and no more: timers are called in process meanwhile, and every replica would have lost it. */
export const timersProbe = (scheduler: Pick<Scheduler, 'status'>): Probe => ({
  name: 'timers',
  isAdvisory: true,
  check: () => {
    const { unreachable } = scheduler.status();
    return unreachable === null ? null : `${unreachable}; timers are called in process until it is back`;
  },
});
