import type { UnixMs } from '#domain';
import type { Clock, MinerBus, OrchestratorBus, RecordedEvent } from '#events';
import { createBroker } from './bus-broker.ts';
import { memoryMinerBus } from './bus-miner.ts';
import { memoryOrchestratorBus } from './bus-orchestrator.ts';
import { type BusFaults, createWire } from './bus-wire.ts';

/** A bus that moves only when told to. Faults aside, the same calls give the same deliveries. */
export type MemoryBus = {
  readonly orchestrator: OrchestratorBus;
  /** A new connection of an orchestrator: after the first was closed or its process crashed, or of another replica. One of several takes each message: with faults any, without them the last to subscribe. */
  connectOrchestrator(as?: { readonly who?: string; readonly clock?: Clock }): OrchestratorBus;
  /** A connection of one miner. Several of one miner share its consumer; the last to subscribe is delivered to. */
  miner(minerId: string): MinerBus;
  /** Delivers one message that is due; `false` when none is. */
  step(): Promise<boolean>;
  /** Delivers until nothing is due; how many. */
  deliver(): Promise<number>;
  /** When the next message is due, maybe in the past; `null` when none waits for anybody who is connected. */
  nextDueAt(): UnixMs | null;
  /** Cuts `orchestrator`, another replica or a miner off: its calls fail, what is sent to it waits. */
  cut(who: string): void;
  heal(who: string): void;
  /** The server lost its store: specs, reports and what was on its way are gone. */
  wipe(): void;
  /** The newest events published, each once. */
  published(): readonly RecordedEvent[];
};

export type MemoryBusOptions = {
  readonly clock: Clock;
  readonly faults?: BusFaults;
  /** Told when a handler threw; its message comes again. */
  readonly onFailure?: (subject: string, error: unknown) => void;
};

/** Deliveries of one `deliver()`: a handler that always causes another message must not hang its test. */
const deliveriesMax = 1_000_000;

/** An orchestrator's and any number of miners' bus in this process, for tests and the simulator. */
export const createMemoryBus = ({ clock, faults, onFailure = () => undefined }: MemoryBusOptions): MemoryBus => {
  const broker = createBroker(clock, createWire(clock, faults), onFailure);
  const { wire } = broker;
  return {
    orchestrator: memoryOrchestratorBus(broker, 'orchestrator', clock),
    connectOrchestrator: (as = {}) => memoryOrchestratorBus(broker, as.who ?? 'orchestrator', as.clock ?? clock),
    miner: (minerId) => memoryMinerBus(broker, minerId),
    step: wire.step,
    deliver: async () => {
      for (let count = 0; count < deliveriesMax; count += 1) if (!(await wire.step())) return count;
      throw new Error(`BUG: over ${deliveriesMax} deliveries in a row; two handlers keep each other busy`);
    },
    nextDueAt: wire.nextDueAt,
    cut: wire.cut,
    heal: wire.heal,
    wipe: () => {
      broker.work.clear();
      broker.reports.clear();
      broker.events.clear();
      wire.clear();
    },
    published: () => [...broker.events.values()],
  };
};
