import { type Metrics, version } from '#edge';
import {
  type Clock,
  type ConsumerStatus,
  type EventStore,
  type OrchestratorBus,
  readPageEventsMax,
  type Scheduler,
} from '#events';
import type { Readiness } from '../lifecycle/readiness.ts';
import type { LiveVms } from '../processes/deadlines.process.ts';
import { imbalanceOf, type Ledger } from '../processes/reconciler.process.ts';
import type { Attached } from '../watch/miner-watch.ts';

export type Known = {
  readonly live: () => LiveVms;
  readonly attached: () => Attached;
  readonly ledger: () => Ledger;
};

export type Watched = {
  readonly store: Pick<EventStore, 'head' | 'readAll' | 'comparePositions'>;
  readonly clock: Clock;
  readonly bus: Pick<OrchestratorBus, 'connectedSince'>;
  readonly scheduler: Pick<Scheduler, 'status'>;
  readonly readiness: Readiness;
  readonly consumers: () => readonly { readonly status: () => ConsumerStatus }[];
  /** What the lease holder knows; `null` in every other replica. */
  readonly term: () => Known | null;
};

/** Everything that is read when somebody asks for it. Nothing here counts the log. */
export const registerGauges = (metrics: Metrics, watched: Watched): void => {
  const { bus, scheduler, readiness, term } = watched;
  const flag = (is: boolean) => [{ labels: {}, value: is ? 1 : 0 }];
  metrics.gauge('hcc_build_info', () => [{ labels: { version }, value: 1 }]);
  metrics.gauge('hcc_ready', async () => flag((await readiness.report()).ready));
  metrics.gauge('hcc_lease_held', () => flag(term() !== null));
  metrics.gauge('hcc_bus_connected', () => flag(bus.connectedSince() !== null));
  metrics.gauge('hcc_scheduler_shared', () => flag(scheduler.status().unreachable === null));
  metrics.gauge('hcc_scheduler_timers', () =>
    Object.entries(scheduler.status().standing).map(([kind, value]) => ({ labels: { kind }, value })),
  );
  metrics.gauge('hcc_vms', () => byState([...(term()?.live().values() ?? [])].map(({ state }) => state.observed)));
  metrics.gauge('hcc_miners', () =>
    byState([...(term()?.attached().values() ?? [])].map(({ lost }) => (lost ? 'lost' : 'attached'))),
  );
  metrics.gauge('hcc_ledger_imbalance_credits', () => {
    const known = term();
    return known === null ? [] : [{ labels: {}, value: Number(imbalanceOf(known.ledger())) / microPerCredit }];
  });
  registerConsumers(metrics, watched);
};

const microPerCredit = 1_000_000;

const registerConsumers = (metrics: Metrics, { store, clock, consumers }: Watched): void => {
  const each = (figureOf: (status: ConsumerStatus) => number) => () =>
    consumers().map(({ status }) => ({ labels: { consumer: status().name }, value: figureOf(status()) }));
  const eachLag = (figureOf: (lag: Lag) => number) => async () => {
    const head = await store.head();
    return Promise.all(
      consumers().map(async ({ status }) => ({
        labels: { consumer: status().name },
        value: figureOf(await lagOf(status(), head, store)),
      })),
    );
  };
  metrics.gauge(
    'hcc_consumer_stalled',
    each(({ stalled }) => (stalled === null ? 0 : 1)),
  );
  metrics.gauge(
    'hcc_parked_events',
    each(({ parkedCount }) => parkedCount),
  );
  metrics.gauge(
    'hcc_parked_oldest_seconds',
    each(({ oldestParkedAt }) => (oldestParkedAt === null ? 0 : seconds(clock.now() - oldestParkedAt))),
  );
  metrics.gauge(
    'hcc_consumer_lag_events',
    eachLag(({ events }) => events),
  );
  metrics.gauge(
    'hcc_consumer_lag_seconds',
    eachLag(({ oldestAt }) => (oldestAt === null ? 0 : seconds(clock.now() - oldestAt))),
  );
};

type Lag = { readonly events: number; readonly oldestAt: number | null };

/** At most one page is read, and only for a consumer that is behind: a scrape must not cost what it warns of. */
const lagOf = async (
  { position }: ConsumerStatus,
  head: Awaited<ReturnType<EventStore['head']>>,
  store: Watched['store'],
): Promise<Lag> => {
  if (head === null || (position !== null && store.comparePositions(position, head) >= 0)) {
    return { events: 0, oldestAt: null };
  }
  const { events } = await store.readAll({ after: position, limit: readPageEventsMax });
  const [oldest] = events;
  return { events: events.length, oldestAt: oldest === undefined ? null : Date.parse(oldest.recordedAt) };
};

const seconds = (ms: number): number => Math.max(0, ms / 1_000);

const byState = (states: readonly string[]) => {
  const counts = new Map<string, number>();
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, value]) => ({ labels: { state }, value }));
};
