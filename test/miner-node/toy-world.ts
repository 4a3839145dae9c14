import { type DesiredSpec, unreachable } from '#domain';
import { acceptSpec, newestKnown } from '../../apps/miner-node/src/converge/accept-spec.ts';
import type { QemuExit } from '../../apps/miner-node/src/converge/exit.ts';
import { diskKindOf, type LocalBoot, type LocalVm, launchedBoot } from '../../apps/miner-node/src/converge/local-vm.ts';
import { type Facts, nextStep, type Step } from '../../apps/miner-node/src/converge/next-step.ts';
import { facts, local } from './converge-samples.ts';

// The smallest host: it does what each step says, as the real one does, and counts the launches.

export type World = {
  vm: LocalVm | null;
  fresh: DesiredSpec | null;
  facts: Facts;
  readonly launches: Map<string, number>;
  wasRemoved: boolean;
  /** Backups made and restored, in order. */
  readonly copied: string[];
};

export const newWorld = (): World => ({
  vm: null,
  fresh: null,
  facts: facts(),
  launches: new Map(),
  wasRemoved: false,
  copied: [],
});

export const gone = (exit: QemuExit | null): Facts['qemu'] => ({ state: 'gone', exit });

/** Does the next step; false when there is nothing to do. A guest that listens powers off when asked. */
export const act = (world: World, guestListens: boolean): boolean => {
  const step = nextStep(world.vm, world.fresh, world.facts);
  if (step.do === 'none') return copyGoesOn(world);
  if (step.do === 'wait') say(world, { now: step.until });
  else if (step.do === 'power-off') powerOff(world, step.cause, guestListens);
  else if (step.do === 'kill') say(world, { qemu: gone({ reason: 'unknown', detail: '' }) });
  else if (step.do === 'launch') launch(world, step);
  else if (step.do === 'record-exit') recordExit(world, step);
  else if (step.do === 'begin-copy') say(world, { copying: { copy: step.copy, isOver: false } });
  else if (step.do === 'stop-copy') say(world, { copying: null });
  else if (step.do === 'record-copy') recordCopy(world);
  else change(world, step);
  return true;
};

/** Acts until nothing is left to do, and counts. */
export const settle = (world: World, guestListens: boolean): number => {
  let steps = 0;
  while (steps < 200 && act(world, guestListens)) steps += 1;
  return steps;
};

/** A spec arrives. */
export const take = (world: World, incoming: DesiredSpec): void => {
  if (acceptSpec(newestKnown(world.vm, world.fresh), incoming) === 'older') return;
  if (world.vm !== null) world.vm = { ...world.vm, spec: incoming };
  else if (incoming.desired !== 'absent') world.vm = local({ spec: incoming, disk: null, sshPort: null });
  world.fresh = incoming;
};

type StepTo<Do extends Step['do']> = Extract<Step, { readonly do: Do }>;

const say = (world: World, said: Partial<Facts>): void => {
  world.facts = { ...world.facts, ...said };
};

const put = (world: World, changed: Partial<LocalVm>): void => {
  if (world.vm !== null) world.vm = { ...world.vm, ...changed };
};

/** A copy that nobody stops is over after a while. */
const copyGoesOn = (world: World): boolean => {
  const { copying } = world.facts;
  if (copying === null) return false;
  say(world, { copying: { ...copying, isOver: true } });
  return true;
};

const recordCopy = (world: World): void => {
  const copy = world.facts.copying?.copy;
  say(world, { copying: null });
  if (copy?.kind === 'backup') {
    const made = { manifestSha256: 'a'.repeat(64), bytes: 1, chunks: 1, newBytes: 1 };
    put(world, { backup: { backupId: copy.backupId, outcome: 'made', ...made } });
    world.copied.push(copy.backupId);
  } else if (copy?.kind === 'restore') {
    const { imageDigest, diskBytesMax: diskBytes, generation } = copy;
    put(world, { disk: { imageDigest, diskBytes, kind: 'volume' }, restoredIn: generation });
    world.copied.push(copy.manifestSha256);
  } else if (copy?.kind === 'sweep') put(world, { swept: { after: copy.after, kept: copy.kept } });
};

const launch = (world: World, { boot }: StepTo<'launch'>): void => {
  const { hostBootId } = world.facts;
  put(world, {
    boot: { ...boot, state: 'launched', hostBootId, sshHostKey: null, guestFailure: null, stopAsked: null },
  });
  world.launches.set(boot.bootId, (world.launches.get(boot.bootId) ?? 0) + 1);
  say(world, { qemu: { state: 'running' }, stopping: null });
};

const recordExit = (world: World, { exit }: StepTo<'record-exit'>): void => {
  const live = launchedBoot(world.vm);
  if (live === null) throw new Error('BUG: the exit of a VM that was not launched');
  const { bootId, bootEpoch } = live;
  const { agentEpoch } = world.facts;
  const boot: LocalBoot =
    exit.kind === 'ended'
      ? { bootId, bootEpoch, state: 'ended', cause: exit.cause, detail: exit.detail, agentEpoch }
      : { bootId, bootEpoch, state: 'failed', code: exit.code, detail: exit.detail };
  put(world, { boot });
  say(world, { stopping: null });
};

const powerOff = (world: World, cause: 'requested' | 'host-shutdown', guestListens: boolean): void => {
  const live = launchedBoot(world.vm);
  if (live === null) throw new Error('BUG: the power button of a VM that was not launched');
  const { now, agentEpoch, stopping } = world.facts;
  put(world, { boot: { ...live, stopAsked: live.stopAsked ?? { cause, agentEpoch } } });
  say(world, { stopping: { since: stopping?.since ?? now, pressedAt: now } });
  if (guestListens) say(world, { qemu: gone({ reason: 'guest-shutdown', detail: '' }) });
};

const change = (
  world: World,
  step: StepTo<'prepare-disk' | 'grow-disk' | 'skip-boot' | 'give-up-boot' | 'remove'>,
): void => {
  switch (step.do) {
    case 'prepare-disk':
    case 'grow-disk':
      put(world, {
        disk: { imageDigest: step.spec.imageDigest, diskBytes: step.spec.size.diskBytes, kind: diskKindOf(step.spec) },
      });
      break;
    case 'skip-boot':
      put(world, { boot: { ...step.boot, state: 'ended', cause: 'requested', detail: '', agentEpoch: 3 } });
      break;
    case 'give-up-boot':
      put(world, { boot: { ...step.boot, state: 'failed', code: step.code, detail: step.detail } });
      break;
    case 'remove':
      world.vm = null;
      world.wasRemoved = true;
      break;
    default:
      unreachable(step);
  }
};
