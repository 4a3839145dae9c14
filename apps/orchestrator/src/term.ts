import { everyTick, type Log, toldReads } from '#edge';
import {
  type Checkpoints,
  type Clock,
  createRelay,
  type EventStore,
  type FoldSnapshots,
  type OrchestratorBus,
  type Relay,
  type Scheduler,
} from '#events';
import { measuredVms } from './figures/vm-figures.ts';
import { withoutDamaged } from './lifecycle/begin-anew.ts';
import { renewal } from './lifecycle/credentials.ts';
import type { LedPart, Term } from './lifecycle/leadership.ts';
import type { Ground } from './orchestrator.ts';
import { createParts } from './parts.ts';
import type { Sealing } from './sealed/sealing.ts';

type Opened = {
  readonly store: EventStore;
  readonly checkpoints: Checkpoints;
  readonly snapshots: FoldSnapshots;
  readonly scheduler: Scheduler;
  readonly bus: OrchestratorBus;
  readonly sealing: Sealing;
};

/** The parts of one term of office: relay, processes, intake, timers. `reconcile` lets those without a checkpoint, or with
 *  a damaged one, begin at the beginning. */
export const beginTerm = (
  opened: Opened,
  { clock, log, metrics, issueMinerJwt }: Ground,
  reconcile: boolean,
): Term & Omit<ReturnType<typeof createParts>, 'parts'> => {
  const store = toldReads(opened.store, { clock, log });
  const checkpoints = reconcile ? withoutDamaged(opened.checkpoints, log) : opened.checkpoints;
  const ground = { ...opened, store, checkpoints, clock, log };
  const { parts, ...known } = createParts({
    ...ground,
    renew: renewal(store, issueMinerJwt),
    figures: measuredVms(metrics),
    startAt: reconcile ? 'beginning' : 'checkpoint',
  });
  const relay = createRelay({ ...ground, checkpoint: reconcile ? 'from-start' : 'required' });
  return { ...known, parts: [...relayParts(relay, { clock, log }), ...parts] };
};

/** How often the relay looks whether the bus still has what it acknowledged, when nothing else makes it look. */
const refillEveryMs = 30_000;

/** The relay with the status that readiness shows of every consumer (it parks nothing), and its look at what the bus lost. */
const relayParts = (relay: Relay, ground: { readonly clock: Clock; readonly log: Log }): readonly LedPart[] => [
  {
    name: relay.name,
    start: relay.start,
    stop: relay.stop,
    status: () => ({ ...relay.status(), name: relay.name, parkedCount: 0, oldestParkedAt: null }),
  },
  everyTick('relay-refill', refillEveryMs, async () => void (await relay.refill()), ground),
];
