import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DesiredSpec } from '#domain';
import { bootNumber, spec } from '../../../../test/miner-node/converge-samples.ts';
import { act, gone, newWorld, settle, take, type World } from '../../../../test/miner-node/toy-world.ts';
import { launchedBoot } from './local-vm.ts';

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

  test('given any order of anything / when the newest spec says absent and older ones come late / then it stays away', () => {
    fc.assert(
      fc.property(specs, happenings, fc.boolean(), (wanted, story, guestListens) => {
        const world = newWorld();
        for (const what of story) happen(world, what, wanted, guestListens);
        world.facts = { ...world.facts, hostStopping: false };
        take(world, spec({ desired: 'absent', specRevision: 100n, boot: bootNumber(100) }));
        settle(world, guestListens);
        for (const late of wanted) take(world, late);
        settle(world, guestListens);
        expect(world.vm).toBeNull();
        expect(world.facts.qemu.state).toBe('gone');
      }),
      { numRuns: 500 },
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
