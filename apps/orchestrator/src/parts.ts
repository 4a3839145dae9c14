import { everyTick, type Log } from '#edge';
import {
  type AskAnswer,
  type Checkpoints,
  type Clock,
  type Consumer,
  createConsumer,
  type EventStore,
  type FoldSnapshots,
  type OrchestratorBus,
  type Scheduler,
  type Sink,
} from '#events';
import { noFigures, type VmFigures, withVmFigures } from './figures/vm-figures.ts';
import { createIntake } from './intake/intake.ts';
import { deadlineSource, withTimers } from './processes/deadline-timer.ts';
import { deadlines, type LiveVms } from './processes/deadlines.process.ts';
import { deviceClaims } from './processes/device-claims.process.ts';
import { ephemeralSink } from './processes/ephemeral-sink.ts';
import { minerLost } from './processes/miner-lost.process.ts';
import { minerTrust } from './processes/miner-trust.process.ts';
import type { Part } from './processes/part.ts';
import { type Ledger, orphans, reconciler, withoutVm } from './processes/reconciler.process.ts';
import { giveAll, processSink, type StartAt } from './processes/runner.ts';
import { slashing } from './processes/slashing.process.ts';
import { vmAdmission } from './processes/vm-admission.process.ts';
import { vmBoots } from './processes/vm-boots.process.ts';
import { vmPlacement } from './processes/vm-placement.process.ts';
import { vmResize } from './processes/vm-resize.process.ts';
import { createSpecPublisher } from './publisher/spec-publisher.ts';
import { createKeyDestruction } from './sealed/key-destruction.ts';
import { destroyReturned, returnedKeysEveryMs } from './sealed/returned-keys.ts';
import type { Sealing } from './sealed/sealing.ts';
import { type Attached, attachedMiners, createMinerWatch, lookEveryMs, type MinerWatch } from './watch/miner-watch.ts';

export type PartsDependencies = {
  readonly store: EventStore;
  readonly checkpoints: Checkpoints;
  readonly snapshots: FoldSnapshots;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly bus: OrchestratorBus;
  readonly log: Log;
  readonly renew: (minerId: string) => Promise<AskAnswer>;
  readonly sealing: Sealing;
  readonly figures?: VmFigures;
  /** `beginning` only when a person said so (HCC_RECONCILE=1). */
  readonly startAt: StartAt;
};

/** How often holds and allocations are held against the VMs, and specs against the bus. */
const reconcileEveryMs = 30_000;

export type Tick = { readonly name: string; readonly everyMs: number; readonly work: () => Promise<void> };

/** Everything that turns events into commands and commands into specs, not yet running: the simulator steps it by hand. */
export type Wiring = {
  readonly consumers: readonly (Consumer & { readonly name: string })[];
  readonly intake: Part;
  readonly ticks: readonly Tick[];
  readonly watch: MinerWatch;
  /** What the folds know, for whoever looks on: every VM that is not gone, every miner that has attached,
   *  what is held. */
  readonly live: () => LiveVms;
  readonly attached: () => Attached;
  readonly ledger: () => Ledger;
};

/** Wires consumers, intake and ticks, in the order they start. */
export const wire = (dependencies: PartsDependencies): Wiring => {
  const { store, checkpoints, snapshots, clock, scheduler, bus } = dependencies;
  const { log, renew, startAt, figures = noFigures } = dependencies;
  const consumer = (name: string, sink: Sink) => ({ name, ...createConsumer({ name, store, clock, sink, log }) });

  const { vault, boots, access } = dependencies.sealing;
  const publisher = createSpecPublisher({ store, bus, checkpoints, snapshots, access });
  const bootsOf = vmBoots(boots);
  const waits = processSink(deadlines, dependencies, startAt);
  const timed = withTimers(
    withVmFigures(waits, waits.state, figures),
    waits.state,
    deadlineSource(waits.state, { store, clock }),
    scheduler,
  );
  const ledger = processSink(reconciler, dependencies, startAt);
  const attached = ephemeralSink(attachedMiners, dependencies);
  const watch = createMinerWatch({ store, clock, bus, attached: attached.state, log });

  const reconcile = async (): Promise<void> => {
    try {
      const found = await withoutVm(store, orphans(ledger.state(), clock.now()));
      await giveAll({ store, clock }, reconciler.name, found);
    } finally {
      await publisher.repair();
    }
  };

  const returned = () => destroyReturned({ store, clock, vault, log, live: waits.state });

  return {
    consumers: [
      consumer('spec-publisher', publisher),
      consumer(vmAdmission.name, processSink(vmAdmission, dependencies, startAt)),
      consumer(vmPlacement.name, processSink(vmPlacement, dependencies, startAt)),
      consumer(bootsOf.name, processSink(bootsOf, dependencies, startAt)),
      consumer('key-destruction', createKeyDestruction({ store, checkpoints, clock, vault })),
      consumer(vmResize.name, processSink(vmResize, dependencies, startAt)),
      consumer(deviceClaims.name, processSink(deviceClaims, dependencies, startAt)),
      consumer(minerTrust.name, processSink(minerTrust, dependencies, startAt)),
      consumer(slashing.name, processSink(slashing, dependencies, startAt)),
      consumer(minerLost.name, processSink(minerLost, dependencies, startAt)),
      stoppedWith(timed.stop, consumer(deadlines.name, timed.sink)),
      consumer(reconciler.name, ledger),
      consumer(attachedMiners.name, attached),
    ],
    intake: createIntake({ store, clock, bus, publisher, log, beat: watch.beat, renew }),
    ticks: [
      { name: 'reconcile', everyMs: reconcileEveryMs, work: reconcile },
      { name: 'returned-keys', everyMs: returnedKeysEveryMs, work: returned },
      { name: 'miner-watch-look', everyMs: lookEveryMs, work: watch.look },
    ],
    ...{ watch, live: waits.state, attached: attached.state, ledger: ledger.state },
  };
};

/** A consumer that has something else to stop after it. */
const stoppedWith = <C extends Consumer>(stop: () => Promise<void>, consumer: C): C => ({
  ...consumer,
  stop: async () => {
    await consumer.stop();
    await stop();
  },
});

/** {@link wire} as parts that run by themselves. The miner watch is given out too: a read model shows when each was last heard. */
export const createParts = (
  dependencies: PartsDependencies,
): Pick<Wiring, 'watch' | 'live' | 'attached' | 'ledger'> & { readonly parts: readonly Part[] } => {
  const { consumers, intake, ticks, ...known } = wire(dependencies);
  const running = ticks.map(({ name, everyMs, work }) => everyTick(name, everyMs, work, dependencies));
  return { ...known, parts: [...consumers, intake, ...running] };
};
