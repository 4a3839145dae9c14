import type { UnixMs } from '#domain';
import {
  type AskAnswer,
  BusUnavailable,
  type Clock,
  type ConsoleCall,
  type MinerBus,
  type OrchestratorBus,
  type RecordedEvent,
} from '#events';
import { createDurable, type Durable, type Stored } from './bus-durable.ts';
import { memoryMinerBus } from './bus-miner.ts';
import { memoryOrchestratorBus } from './bus-orchestrator.ts';
import { type BusFaults, createWire, type Wire } from './bus-wire.ts';

/** A bus that moves only when told to. Faults aside, the same calls give the same deliveries. */
export type MemoryBus = {
  readonly orchestrator: OrchestratorBus;
  /** A new connection of the orchestrator, after the first was closed or its process crashed. The last to subscribe is delivered to. */
  connectOrchestrator(): OrchestratorBus;
  /** A connection of one miner. Several of one miner share its consumer; the last to subscribe is delivered to. */
  miner(minerId: string): MinerBus;
  /** Delivers one message that is due; `false` when none is. */
  step(): Promise<boolean>;
  /** Delivers until nothing is due; how many. */
  deliver(): Promise<number>;
  /** When the next message is due, maybe in the past; `null` when none waits for anybody who is connected. */
  nextDueAt(): UnixMs | null;
  /** Cuts `orchestrator` or a miner off: its calls fail, what is sent to it waits. */
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

/** What both sides share: the server, as far as it matters. */
export type Broker = {
  readonly clock: Clock;
  readonly wire: Wire;
  /** Carries a call out for somebody, or fails it as faults and cuts have it. */
  call<Result>(who: string, what: string, work: () => Promise<Result> | Result): Promise<Result>;
  readonly work: Map<string, Stored>;
  readonly reports: Map<string, Stored>;
  store(into: Map<string, Stored>, subject: string, bytes: Uint8Array): void;
  readonly reportsTo: Durable;
  readonly hostsTo: Durable;
  workOf(minerId: string): Durable;
  readonly asks: Map<'sync' | 'renew', (minerId: string) => Promise<AskAnswer>>;
  readonly consoles: Map<string, (call: ConsoleCall) => Promise<string>>;
  beat: ((minerId: string) => void) | null;
  readonly events: Map<string, RecordedEvent>;
};

/** Deliveries of one `deliver()`: a handler that always causes another message must not hang its test. */
const deliveriesMax = 1_000_000;

/** An orchestrator's and any number of miners' bus in this process, for tests and the simulator. */
export const createMemoryBus = ({ clock, faults, onFailure = () => undefined }: MemoryBusOptions): MemoryBus => {
  const broker = createBroker(clock, createWire(clock, faults), onFailure);
  const { wire } = broker;
  return {
    orchestrator: memoryOrchestratorBus(broker),
    connectOrchestrator: () => memoryOrchestratorBus(broker),
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

const createBroker = (clock: Clock, wire: Wire, onFailure: (subject: string, error: unknown) => void): Broker => {
  const work = new Map<string, Stored>();
  const reports = new Map<string, Stored>();
  const miners = new Map<string, Durable>();
  let sequence = 0;
  const startingWith = (of: ReadonlyMap<string, Stored>, prefix: string) => () =>
    new Map([...of].filter(([subject]) => subject.startsWith(prefix)));

  return {
    clock,
    wire,
    call: async (who, what, task) => {
      if (wire.isCut(who)) throw new BusUnavailable(`${what}: ${who} is cut off`);
      const fate = wire.fate();
      if (fate === 'fail-before') throw new BusUnavailable(`${what}: lost on the way`);
      const result = await task();
      if (fate === 'fail-after') throw new BusUnavailable(`${what}: the answer was lost`);
      return result;
    },
    work,
    reports,
    store: (into, subject, bytes) => {
      sequence += 1;
      into.set(subject, { sequence, bytes });
    },
    reportsTo: createDurable({ wire, to: 'orchestrator', stored: startingWith(reports, 'report.'), onFailure }),
    hostsTo: createDurable({ wire, to: 'orchestrator', stored: startingWith(reports, 'host.'), onFailure }),
    workOf: (minerId) => {
      const known = miners.get(minerId);
      if (known !== undefined) return known;
      const made = createDurable({ wire, to: minerId, stored: startingWith(work, `work.${minerId}.`), onFailure });
      miners.set(minerId, made);
      return made;
    },
    asks: new Map(),
    consoles: new Map(),
    beat: null,
    events: new Map(),
  };
};
