import { BusUnavailable, type Checkpoints, type EventStore, type OrchestratorBus, StoreUnavailable } from '#events';
import type { Gate } from './gate.ts';
import type { Faults } from './plan.ts';
import type { Random } from './random.ts';

/** The orchestrator's process is gone in the middle of what it did. */
export class Crashed extends Error {
  override readonly name = 'Crashed';
}

/** One life of the orchestrator: every write may be its last, before it was done or after. */
export type Incarnation = {
  readonly isAlive: () => boolean;
  readonly crash: () => void;
  readonly store: EventStore;
  readonly checkpoints: Checkpoints;
  readonly bus: OrchestratorBus;
};

export type Ground = {
  readonly store: EventStore;
  readonly checkpoints: Checkpoints;
  readonly bus: OrchestratorBus;
  readonly gate: Gate;
  readonly random: Random;
  readonly faults: () => Faults;
};

/** A new life on the same durable ground. What an earlier life still has in hand comes to nothing. */
export const createIncarnation = ({ store, checkpoints, bus, gate, random, faults }: Ground): Incarnation => {
  let alive = true;
  const check = (): void => {
    if (!alive) throw new Crashed('the orchestrator crashed');
  };
  const maybeCrash = (): void => {
    if (random.chance(faults().crash)) alive = false;
    check();
  };
  const write = async <Result>(work: () => Promise<Result>, fault: () => Error | null): Promise<Result> => {
    check();
    await gate.pass();
    maybeCrash();
    const failure = fault();
    if (failure !== null) throw failure;
    const result = await work();
    maybeCrash();
    return result;
  };
  const read = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    check();
    const result = await work();
    check();
    return result;
  };
  const storeFault = () =>
    random.chance(faults().storeBusy) ? new StoreUnavailable('busy', 'the simulated store is busy') : null;
  const busFault = () => (random.chance(faults().busDown) ? new BusUnavailable('the simulated bus is away') : null);

  return {
    isAlive: () => alive,
    crash: () => {
      alive = false;
    },
    store: {
      ...store,
      append: (stream, events, expected) => write(() => store.append(stream, events, expected), storeFault),
      readStream: (stream, options) => read(() => store.readStream(stream, options)),
      readAll: (options) => read(() => store.readAll(options)),
      head: () => read(() => store.head()),
    },
    checkpoints: {
      load: (consumer) => read(() => checkpoints.load(consumer)),
      save: (consumer, position) => write(() => checkpoints.save(consumer, position), storeFault),
    },
    bus: {
      ...bus,
      putSpec: (minerId, spec) => write(() => bus.putSpec(minerId, spec), busFault),
      purgeSpec: (minerId, vmId) => write(() => bus.purgeSpec(minerId, vmId), busFault),
      resetWork: (minerId) => write(() => bus.resetWork(minerId), busFault),
    },
  };
};
