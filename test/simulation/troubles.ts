import { handleParked, type ParkedCommand } from '#events';
import { publishBootImage } from './furnish.ts';
import { judgeHost } from './moving/judge.ts';
import { type SealedTrouble, sealedTroubles, type Trouble } from './plan.ts';
import type { Replica } from './replica.ts';
import { bootRevisionsMax } from './sealed/network.ts';
import { drainOf, give, metaOf } from './wishes.ts';
import { anyCapacity, type World } from './world.ts';

/** Lets a trouble befall somebody. What befalls a replica ends after the time told to `forMs`. */
export const befall = (trouble: Trouble, replica: Replica, world: World, forMs: (ms: number) => void): void => {
  const { random, ground } = world;
  switch (trouble) {
    case 'replica-ends':
      replica.end();
      return;
    case 'replica-pauses':
      replica.life()?.pause();
      forMs(random.between(1_000, 20_000));
      return;
    case 'replica-is-cut-off':
      ground.bus.cut(replica.name);
      forMs(random.between(1_000, 60_000));
      return;
    case 'bus-is-wiped':
      // A server that lost its store was away: whoever was connected connects anew.
      for (const { name } of world.replicas) ground.bus.cut(name);
      ground.bus.wipe();
      for (const { name } of world.replicas) ground.bus.heal(name);
      world.wasWiped = true;
      return;
    case 'read-model-is-lost':
      replica.forgetReadModel();
      return;
    case 'parked-is-retried':
    case 'parked-is-skipped':
      decideOnParked(trouble, replica, world);
      return;
    case 'boot-image-changes':
    case 'host-is-judged':
      decideAround(trouble, replica, world);
      return;
    case 'clock-jumps':
      if (random.chance(0.5)) {
        replica.jump(random.between(-120_000, 120_000));
        forMs(random.between(1_000, 60_000));
        return;
      }
      befallMiner(trouble, world);
      return;
    default:
      befallMiner(trouble, world);
  }
};

/** What an operator or an attestor records. Nobody repeats it: the one sees that it failed, the other has its next round. */
const decideAround = (trouble: 'boot-image-changes' | 'host-is-judged', replica: Replica, world: World): void => {
  const { random, ids, miners } = world;
  const handling = replica.handling();
  if (trouble === 'boot-image-changes') {
    if (handling === null) return;
    publishBootImage(handling, ids, random.between(1, bootRevisionsMax)).catch(() => undefined);
    return;
  }
  const tier = random.pick(['contraindicated', 'warning', 'affirming'] as const);
  const minerId = random.pick([...miners.keys()]);
  if (handling !== null) judgeHost(handling, ids, minerId, tier).catch(() => undefined);
};

type ParkedTrouble = 'parked-is-retried' | 'parked-is-skipped';

/** A person looks at what stands parked. Only of a read model something is skipped: it harms nobody but its reader. */
const decideOnParked = (trouble: ParkedTrouble, replica: Replica, world: World): void => {
  const { random, ids, checker } = world;
  const handling = replica.handling();
  const isSkip = trouble === 'parked-is-skipped';
  const parked = checker.parked().filter(({ consumer }) => !isSkip || consumer === 'read-model');
  if (handling === null || parked.length === 0) return;
  const { consumer, eventId } = random.pick(parked);
  const now = handling.clock.now();
  const command: ParkedCommand = isSkip
    ? { type: 'SkipParkedEvent', eventId, reason: 'simulated', now }
    : { type: 'RetryParkedEvent', eventId, now };
  // Nobody repeats it: a person sees that it failed.
  handleParked(handling, consumer, command, metaOf(ids.uuid())).catch(() => undefined);
};

type OfMiner = Exclude<
  Trouble,
  | 'replica-ends'
  | 'replica-pauses'
  | 'replica-is-cut-off'
  | 'bus-is-wiped'
  | 'read-model-is-lost'
  | 'boot-image-changes'
  | 'host-is-judged'
  | ParkedTrouble
>;

const isSealedTrouble = (trouble: Trouble): trouble is SealedTrouble => Object.hasOwn(sealedTroubles, trouble);

const befallMiner = (trouble: OfMiner, { random, miners, replicas, ids, plan }: World): void => {
  const all = [...miners.values()];
  // Who has none of the guests that it would mistreat is of no use for that.
  const able = isSealedTrouble(trouble) ? all.filter((one) => one.sealedGuests().length > 0) : all;
  if (able.length === 0) return;
  const miner = random.pick(able);
  if (trouble === 'capacity-changes') miner.resize(random.chance(0.5) ? 'as-at-first' : anyCapacity(random, plan));
  else if (trouble === 'operator-drains') {
    const handling = random.pick(replicas).handling();
    // Nobody repeats it: an operator sees that it failed.
    if (handling !== null) give(handling, drainOf(random, ids, miner.minerId)).catch(() => undefined);
  } else miner.suffer(trouble);
};
