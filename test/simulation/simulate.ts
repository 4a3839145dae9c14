import type { EventStore } from '#events';
import { checkHealed } from './healed-checks.ts';
import type { Plan, Violation } from './plan.ts';
import { plantInRules } from './planted-rules.ts';
import { checkSettled, forget } from './settled-checks.ts';
import { createDriver, type Driver } from './storm.ts';
import { createWorld, type World } from './world.ts';

export type Run = {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly events: number;
  /** SHA-256 over the hashes of all events in order: the same plan gives the same one, always. */
  readonly logHash: string;
};

/** Most violations one run reports: the first are the ones that matter. */
const violationsMax = 5;

/**
 * Runs the network once: a stretch of faults, then calm until nothing moves. Deterministic in the plan. `keep` is given
 * the record of the run at its end.
 */
export const simulate = async (
  plan: Plan,
  tell: (text: string) => void = () => undefined,
  keep: (record: EventStore) => Promise<void> = async () => undefined,
): Promise<Run> => {
  const world = createWorld(plan, tell);
  const takeOut = plantInRules(plan.bug, world.clock.now);
  try {
    const driver = createDriver(world);
    await driver.start();
    await storm(world, driver);
    if (world.violations.length === 0) await heal(world, driver);
    await keep(world.record);
  } finally {
    for (const replica of world.replicas) replica.end();
    takeOut();
    forget(world.dir);
  }
  const { violations } = world;
  const [events, logHash] = [world.events(), world.logHash()];
  return { seed: plan.seed, violations: violations.slice(0, violationsMax), events, logHash };
};

const storm = async (world: World, driver: Driver): Promise<void> => {
  const { keep, steps } = world.plan;
  const taken = keep ?? Array.from({ length: steps }, (_, index) => index + 1);
  for (const step of taken) {
    world.enter(step);
    await driver.storm();
    await world.catchUp();
    if (world.violations.length > 0) return;
  }
  world.enter(steps + 1);
};

/** Fine steps while things heal, coarse ones while the last deadlines pass. */
const healStepMs = (elapsedMs: number): number => (elapsedMs < 60_000 ? 1_000 : 5_000);
/** When owners want one thing more. */
const partingMs = 60_000;
/** Longer than any tick, report interval, orphan grace and boot: when nothing was recorded for so long, nothing will be. */
const quietMs = 150_000;
/** Crash windows and removals pass in minutes; a network that is still busy after two hours never settles. */
const healMaxMs = 7_200_000;

const heal = async (world: World, driver: Driver): Promise<void> => {
  const { clock, checker, miners, accuse, plan, backups } = world;
  await driver.becalm();
  const startedAt = clock.now();
  let movedAt = startedAt;
  let hasParted = false;
  const elapsedMs = () => clock.now() - startedAt;
  const isDone = () => elapsedMs() >= healMaxMs || (elapsedMs() >= plan.calmMinMs && clock.now() - movedAt >= quietMs);
  while (!isDone()) {
    const before = world.moves();
    world.enter(world.step + 1);
    const isParting: boolean = elapsedMs() >= partingMs && !hasParted;
    hasParted ||= isParting;
    await driver.calm(healStepMs(elapsedMs()), isParting);
    await world.catchUp();
    if (world.moves() > before) movedAt = clock.now();
    if (world.violations.length > 0) return;
  }
  if (elapsedMs() >= healMaxMs) accuse('settles', 'events are still recorded two hours after the last fault');
  checkHealed(checker, miners, clock.now(), plan, backups, accuse);
  await world.owners.check(world.ground.store);
  await checkSettled(world);
};
