import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DesiredSpec } from '#domain';
import { acceptSpec } from './accept-spec.ts';
import { bootNumber, facts, local, spec } from './converge.samples.ts';
import type { QemuExit } from './exit.ts';
import { type LocalVm, launchedBoot } from './local-vm.ts';
import { type Facts, nextStep } from './next-step.ts';

// A tiny host: it does what each step says, as the real one does, and counts the launches.

type World = {
  vm: LocalVm | null;
  fresh: DesiredSpec | null;
  facts: Facts;
  readonly launches: Map<string, number>;
  wasRemoved: boolean;
};

const newWorld = (): World => ({ vm: null, fresh: null, facts: facts(), launches: new Map(), wasRemoved: false });

const gone = (exit: QemuExit | null): Facts['qemu'] => ({ state: 'gone', exit });

/** One step of the world; false when there was nothing to do. A cooperative guest powers off when asked. */
const act = (world: World, guestListens: boolean): boolean => {
  const step = nextStep(world.vm, world.fresh, world.facts);
  const put = (change: Partial<LocalVm>) => {
    if (world.vm !== null) world.vm = { ...world.vm, ...change };
  };
  const say = (change: Partial<Facts>) => {
    world.facts = { ...world.facts, ...change };
  };
  switch (step.do) {
    case 'none':
      return false;
    case 'wait':
      say({ now: step.until });
      return true;
    case 'prepare-disk':
      put({ disk: { imageDigest: step.spec.imageDigest, diskBytes: step.spec.size.diskBytes } });
      return true;
    case 'launch': {
      const { hostBootId } = world.facts;
      put({
        boot: { ...step.boot, state: 'launched', hostBootId, sshHostKey: null, guestFailure: null, stopAsked: null },
      });
      world.launches.set(step.boot.bootId, (world.launches.get(step.boot.bootId) ?? 0) + 1);
      say({ qemu: { state: 'running' }, stopping: null });
      return true;
    }
    case 'record-exit': {
      const boot = world.vm?.boot;
      if (boot == null) return false;
      const { bootId, bootEpoch } = boot;
      const { exit } = step;
      const { agentEpoch } = world.facts;
      put({
        boot:
          exit.kind === 'ended'
            ? { bootId, bootEpoch, state: 'ended', cause: exit.cause, detail: exit.detail, agentEpoch }
            : { bootId, bootEpoch, state: 'failed', code: exit.code, detail: exit.detail },
      });
      say({ stopping: null });
      return true;
    }
    case 'skip-boot':
      put({ boot: { ...step.boot, state: 'ended', cause: 'requested', detail: '', agentEpoch: 3 } });
      return true;
    case 'give-up-boot':
      put({ boot: { ...step.boot, state: 'failed', code: step.code, detail: step.detail } });
      return true;
    case 'power-off': {
      const live = launchedBoot(world.vm);
      if (live === null) return false;
      const { now, agentEpoch, stopping } = world.facts;
      put({ boot: { ...live, stopAsked: live.stopAsked ?? { cause: step.cause, agentEpoch } } });
      say({ stopping: { since: stopping?.since ?? now, pressedAt: now } });
      if (guestListens) say({ qemu: gone({ reason: 'guest-shutdown', detail: '' }) });
      return true;
    }
    case 'kill':
      say({ qemu: gone({ reason: 'unknown', detail: '' }) });
      return true;
    case 'remove':
      world.vm = null;
      world.wasRemoved = true;
      return true;
  }
};

const settle = (world: World, guestListens: boolean): number => {
  let steps = 0;
  while (steps < 200 && act(world, guestListens)) steps += 1;
  return steps;
};

const take = (world: World, incoming: DesiredSpec): void => {
  if (acceptSpec(world.vm?.spec ?? null, incoming) === 'older') return;
  if (world.vm !== null) world.vm = { ...world.vm, spec: incoming };
  else if (incoming.desired !== 'absent') world.vm = local({ spec: incoming, disk: null, sshPort: null });
  world.fresh = incoming;
};

// Specs as the orchestrator folds them: revisions and boots only rise together; the bus may repeat and reorder them.
const specs = fc
  .array(fc.record({ desired: fc.constantFrom('running' as const, 'stopped' as const), newBoot: fc.boolean() }), {
    minLength: 1,
    maxLength: 8,
  })
  .map((steps) => {
    let epoch = 1;
    return steps.map(({ desired, newBoot }, index) => {
      if (newBoot) epoch += 1;
      return spec({ desired, specRevision: BigInt(index), boot: bootNumber(epoch) });
    });
  });

type Happening =
  | { readonly kind: 'spec'; readonly index: number }
  | { readonly kind: 'step' | 'crash' | 'agent-restart' | 'host-reboot' | 'host-stop' };

// Steps are most of a life; each of the others comes between any two of them.
const happenings = fc.array(
  fc.oneof<fc.WeightedArbitrary<Happening>[]>(
    { weight: 12, arbitrary: fc.record({ kind: fc.constant('step' as const) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('spec' as const), index: fc.nat(7) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('crash' as const, 'agent-restart' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('host-reboot' as const, 'host-stop' as const) }) },
  ),
  { minLength: 10, maxLength: 80 },
);

const happen = (world: World, what: Happening, wanted: readonly DesiredSpec[], guestListens: boolean): void => {
  const newLife = { agentEpoch: world.facts.agentEpoch + 1, stopping: null, hostStopping: false };
  switch (what.kind) {
    case 'spec': {
      const incoming = wanted[what.index % wanted.length];
      if (incoming !== undefined) take(world, incoming);
      return;
    }
    case 'step':
      act(world, guestListens);
      return;
    case 'crash':
      world.facts = { ...world.facts, qemu: gone({ reason: 'guest-panic', detail: '' }) };
      return;
    case 'agent-restart':
      world.fresh = null;
      world.facts = { ...world.facts, ...newLife };
      return;
    case 'host-reboot':
      world.fresh = null;
      world.facts = { ...world.facts, ...newLife, hostBootId: `kernel-${newLife.agentEpoch}`, qemu: gone(null) };
      return;
    case 'host-stop':
      world.facts = { ...world.facts, hostStopping: true };
  }
};

describe('laws of the converge loop', () => {
  test('given any order of specs, steps, crashes and restarts / when it has all happened / then no boot was launched twice', () => {
    fc.assert(
      fc.property(specs, happenings, fc.boolean(), (wanted, story, guestListens) => {
        const world = newWorld();
        for (const what of story) {
          happen(world, what, wanted, guestListens);
          for (const [bootId, times] of world.launches) expect(times, bootId).toBe(1);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('given any order of anything / when no spec says absent / then nothing is ever removed', () => {
    fc.assert(
      fc.property(specs, happenings, fc.boolean(), (wanted, story, guestListens) => {
        const world = newWorld();
        for (const what of story) happen(world, what, wanted, guestListens);
        settle(world, guestListens);
        expect(world.wasRemoved).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test('given any state of the host / when the newest spec is read and things go well / then the host is as the spec says', () => {
    const last = fc.constantFrom('running' as const, 'stopped' as const, 'absent' as const);
    fc.assert(
      fc.property(specs, happenings, fc.boolean(), last, (wanted, story, guestListens, desired) => {
        const world = newWorld();
        for (const what of story) happen(world, what, wanted, guestListens);
        world.facts = { ...world.facts, hostStopping: false };
        // A boot nobody has tried yet: the orchestrator mints one whenever the VM shall go on.
        take(world, spec({ desired, specRevision: 100n, boot: bootNumber(100) }));
        expect(settle(world, guestListens)).toBeLessThan(200);
        const live = launchedBoot(world.vm);
        if (desired === 'absent') expect(world.vm).toBeNull();
        if (desired === 'stopped') expect(live).toBeNull();
        if (desired === 'running') expect(live?.bootEpoch).toBe(100);
        expect(world.facts.qemu.state).toBe(desired === 'running' ? 'running' : 'gone');
      }),
      { numRuns: 1_000 },
    );
  });

  test('given a host that goes down / when VMs run / then all are down in the end and nothing starts', () => {
    fc.assert(
      fc.property(specs, happenings, fc.boolean(), (wanted, story, guestListens) => {
        const world = newWorld();
        for (const what of story) happen(world, what, wanted, guestListens);
        const before = [...world.launches.values()].length;
        world.facts = { ...world.facts, hostStopping: true };
        settle(world, guestListens);
        expect(launchedBoot(world.vm)).toBeNull();
        expect(world.launches.size).toBe(before);
      }),
      { numRuns: 500 },
    );
  });
});
