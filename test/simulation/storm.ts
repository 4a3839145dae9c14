import type { UnixMs } from '#domain';
import { judgeHost } from './moving/judge.ts';
import { type Move, moves, type Plan, type Trouble } from './plan.ts';
import type { Random } from './random.ts';
import type { Replica } from './replica.ts';
import { befall } from './troubles.ts';
import type { World } from './world.ts';

/** Moves the world by one step, with faults or without. */
export type Driver = {
  start(): Promise<void>;
  /** One move, of the kind and with the choices that the step's draws have it. */
  storm(): Promise<void>;
  /** Faults end: everything that was broken is mended. */
  becalm(): Promise<void>;
  /** Everything that can be done is done, then time passes. */
  calm(ms: number, isParting: boolean): Promise<void>;
};

/** Hosts live and speak at least this often. */
const sliceMs = 2_000;
/** Long enough for the first VMs to run, where there is room. */
const warmUpSeconds = 20;

export const createDriver = (world: World): Driver => {
  const { ground, time, random, replicas, miners, plan, owners } = world;
  const { gate, bus } = ground;
  const until = new Map<Replica, UnixMs>();

  const wait = async (ms: number): Promise<void> => {
    for (let left = ms; left >= 0; left -= sliceMs) {
      await time.advance(Math.min(left, sliceMs));
      for (const replica of replicas) recover(replica);
      for (const miner of miners.values()) miner.tick();
      if (left > sliceMs) deliver();
      await time.settle();
    }
  };
  /** What an orchestrator suffers ends after a while: somebody starts it again, resumes it, mends its network. */
  const recover = (replica: Replica): void => {
    if (replica.life() === null)
      until.set(replica, until.get(replica) ?? world.clock.now() + random.between(500, 15_000));
    const at = until.get(replica);
    if (at === undefined || at > world.clock.now()) return;
    until.delete(replica);
    bus.heal(replica.name);
    replica.jump(0);
    replica.life()?.resume();
    replica.start();
  };
  const write = (): boolean => {
    let left = random.between(1, plan.burstMax);
    const isWritten = gate.releaseOne();
    while (isWritten && left > 1 && gate.releaseOne()) left -= 1;
    return isWritten;
  };
  const deliver = (): boolean => {
    const dueAt = bus.nextDueAt();
    if (dueAt === null || dueAt > world.clock.now()) return false;
    for (let left = random.between(1, plan.burstMax); left > 0; left -= 1) void bus.step();
    return true;
  };
  const ask = (): void => {
    const up = replicas.map((replica) => replica.handling()).filter((handling) => handling !== null);
    if (up.length > 0) void owners.ask(random.pick(up));
  };
  const trustAll = async (): Promise<void> => {
    const handling = { store: world.record, clock: world.clock };
    for (const minerId of miners.keys()) await judgeHost(handling, world.ids, minerId, 'affirming');
  };
  const suffer = (trouble: Trouble): void => {
    world.tell(`trouble: ${trouble}`);
    const replica = random.pick(replicas);
    befall(trouble, replica, world, (ms) => until.set(replica, world.clock.now() + ms));
  };

  return {
    start: async () => {
      gate.open();
      for (const replica of replicas) {
        replica.start();
        await time.advance(2_000);
      }
      await world.furnish();
      await time.advance(2_000);
      for (let count = 0; count < plan.vmsAtFirst; count += 1) ask();
      for (let second = 0; second < warmUpSeconds; second += 1) {
        await bus.deliver();
        await wait(1_000);
      }
      gate.close();
      ground.faults.begin();
    },
    storm: async () => {
      const move = moveOf(plan, random);
      if (move === 'ask') ask();
      else if (move === 'trouble') suffer(ground.faults.trouble() ?? 'guest-ends');
      // Nothing to write or deliver: time goes on.
      else if (!(move === 'write' && write()) && !(move === 'deliver' && deliver())) {
        await wait(random.between(20, plan.waitMaxMs));
      }
      await time.settle();
    },
    becalm: async () => {
      ground.faults.end();
      for (const replica of replicas) {
        replica.end();
        replica.jump(0);
        until.set(replica, 0);
        bus.heal(replica.name);
      }
      world.attestor.end();
      for (const miner of miners.values()) miner.calm();
      if (plan.movingPercent > 0) await trustAll();
      gate.open();
      await wait(0);
    },
    calm: async (ms, isParting) => {
      await bus.deliver();
      const up = replicas.map((replica) => replica.handling()).find((handling) => handling !== null);
      if (up !== undefined) void (isParting ? owners.part(up) : owners.repeat(up));
      await wait(ms);
    },
  };
};

/** Moving a VM takes several wishes, one after the other: a backup, a restore, a start. */
const askMoreOften = 4;

const moveOf = ({ weights: drawn, movingPercent }: Plan, random: Random): Move => {
  const weights = movingPercent > 0 ? { ...drawn, ask: drawn.ask * askMoreOften } : drawn;
  let at = random.next() * moves.reduce((sum, move) => sum + weights[move], 0);
  for (const move of moves) {
    at -= weights[move];
    if (at < 0) return move;
  }
  return 'wait';
};
