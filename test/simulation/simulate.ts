import type { EventStore } from '#events';
import { checkChains, checkHealed } from './final-checks.ts';
import { beginLife, type Life } from './orchestrator.ts';
import type { Plan, Violation } from './plan.ts';
import { anyCapacity, createWorld, type World } from './world.ts';

export type Run = {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly events: number;
  /** SHA-256 over the hashes of all events in order: the same plan gives the same one, always. */
  readonly logHash: string;
};

/** Most violations one run reports: the first are the ones that matter. */
const violationsMax = 5;

/** Runs the network once: a stretch of faults, then calm until nothing moves. Deterministic in the plan. `keep` gets its log. */
export const simulate = async (
  plan: Plan,
  keep: (store: EventStore) => Promise<void> = async () => undefined,
): Promise<Run> => {
  const world = createWorld(plan);
  const driver = createDriver(world);
  await driver.start();
  for (world.step = 1; world.step <= plan.steps && world.violations.length === 0; world.step += 1) {
    await driver.storm();
    await world.catchUp();
  }
  if (world.violations.length === 0) await heal(world, driver);
  await keep(world.ground.store);
  const { violations } = world;
  return {
    seed: plan.seed,
    violations: violations.slice(0, violationsMax),
    events: world.events(),
    logHash: world.logHash(),
  };
};

/** Fine steps while things heal, coarse ones while the last deadlines pass. */
const healStepMs = (elapsedMs: number): number => (elapsedMs < 120_000 ? 1_000 : 5_000);
/** Longer than any tick, report interval, orphan grace and boot: when nothing was recorded for so long, nothing will be. */
const quietMs = 150_000;
/** Crash windows and removals pass in minutes; a network that is still busy after an hour never settles. */
const healMaxMs = 3_600_000;

const heal = async (world: World, driver: Driver): Promise<void> => {
  world.becalm();
  const { clock, checker, miners, accuse, plan } = world;
  const startedAt = clock.now();
  let movedAt = startedAt;
  const elapsedMs = () => clock.now() - startedAt;
  const isDone = () => elapsedMs() >= healMaxMs || (elapsedMs() >= plan.calmMinMs && clock.now() - movedAt >= quietMs);
  for (; !isDone(); world.step += 1) {
    const before = world.events();
    await driver.calm(healStepMs(elapsedMs()));
    await world.catchUp();
    if (world.events() > before) movedAt = clock.now();
    if (world.violations.length > 0) return;
  }
  if (elapsedMs() >= healMaxMs) accuse('settles', 'events are still recorded an hour after the last fault');
  checkHealed(checker, miners, clock.now(), accuse);
  await world.owners.check(world.ground.store);
  await checkChains(world.ground.store, world.streams, accuse);
};

type Driver = { start(): Promise<void>; storm(): Promise<void>; calm(stepMs: number): Promise<void> };

const createDriver = (world: World): Driver => {
  const { ground, clock, random, network, miners, plan } = world;
  const { gate } = ground;
  const busy = new Set<string>();
  let life: Life | null = null;

  const live = async (startAt: 'checkpoint' | 'beginning'): Promise<Life> => {
    busy.clear();
    life = await beginLife(ground, clock, startAt, plan.bug === 'timers-are-dropped');
    return life;
  };
  /** One thing of a kind at a time, as in production; a new life knows nothing of the old one's. */
  const begin = (of: Life, name: string, work: () => Promise<unknown>): void => {
    if (busy.has(name)) return;
    busy.add(name);
    const done = work().finally(() => {
      if (life === of) busy.delete(name);
    });
    world.begin(done);
  };
  const consume = (of: Life, names: Life['consumers'] = of.consumers): void => {
    for (const consumer of names) begin(of, consumer.name, consumer.runOnce);
  };
  const pass = (ms: number): void => {
    world.advance(ms);
    for (const miner of miners.values()) miner.tick();
    if (life === null) return;
    for (const { name, work } of life.due(clock.now())) begin(life, name, work);
  };
  const fault = (): void => {
    const trouble = random.between(0, 11);
    const miner = random.pick([...miners.values()]);
    if (trouble < 5) miner.suffer();
    else if (trouble < 8) miner.lie();
    else if (trouble < 10) miner.resize(random.chance(0.5) ? 'as-at-first' : anyCapacity(random));
    else if (trouble === 10) network.disconnect();
    else life?.incarnation.crash();
  };

  return {
    start: async () => {
      const first = await live('beginning');
      gate.open();
      for (const consumer of first.consumers) await consumer.runOnce();
      gate.close();
      await world.furnish();
    },
    storm: async () => {
      if (life?.incarnation.isAlive() === false) {
        network.unplug();
        life = null;
      }
      const choice = random.next();
      if (choice < 0.5 && gate.releaseOne()) return gate.settle();
      if (life === null) {
        if (random.chance(0.1)) await live('checkpoint');
        else pass(random.between(50, 2_000));
      } else if (choice < 0.65) consume(life, [random.pick(life.consumers)]);
      else if (choice < 0.8) {
        const delivering = network.deliverOne();
        if (delivering !== null) world.begin(delivering);
      } else if (choice < 0.86) world.begin(world.owners.ask({ store: life.incarnation.store, clock }));
      else if (choice < 0.98) pass(random.between(50, 4_000));
      else fault();
      if (random.chance(0.05)) network.reconnect();
      await gate.settle();
    },
    calm: async (stepMs) => {
      if (life === null || !life.incarnation.isAlive()) await live('checkpoint');
      pass(stepMs);
      for (let delivering = network.deliverOne(); delivering !== null; delivering = network.deliverOne()) {
        world.begin(delivering);
      }
      if (life !== null) consume(life);
      await gate.settle();
    },
  };
};
