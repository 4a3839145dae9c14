import { describe, expect, test } from 'vitest';
import { defaultPlan, type PlantedBug } from './plan.ts';
import { simulate } from './simulate.ts';

const short = { ...defaultPlan, steps: 400, calmMinMs: 0 };
const patienceMs = 60_000;

describe('the simulated network', () => {
  test(
    'given 50 seeds of faults, when everything is calm again, then nothing that must hold was broken',
    async () => {
      let events = 0;
      for (let seed = 1; seed <= 50; seed += 1) {
        const run = await simulate({ ...short, seed });
        expect(run.violations).toEqual([]);
        events += run.events;
      }
      expect(events).toBeGreaterThan(1_000);
    },
    patienceMs,
  );

  test(
    'given one seed, when it runs twice, then both logs are the same, byte for byte',
    async () => {
      const plan = { ...defaultPlan, seed: 7 };
      const [first, second, other] = [await simulate(plan), await simulate(plan), await simulate({ ...plan, seed: 8 })];
      expect(second).toEqual(first);
      expect(other.logHash).not.toBe(first.logHash);
    },
    patienceMs,
  );
});

describe('a mistake planted in the simulated network is found', () => {
  const seedsMax = 200;
  /** Few VMs on one host: whatever happens at the same time happens to the same stream. */
  const crowded = { ...defaultPlan, vmsMax: 3, miners: 1 };
  const caught: readonly (readonly [PlantedBug, readonly string[]])[] = [
    ['random-hold-ids', ['one-hold-per-vm', 'hold-behind-vm', 'nothing-parked']],
    ['miner-relaunches-boot', ['boot-launched-once']],
    ['reservation-skips-capacity', ['capacity']],
    ['checkpoint-runs-ahead', ['healed', 'hold-behind-vm', 'allocation-behind-vm', 'log-is-true']],
    ['timers-are-dropped', ['deadline-raised']],
    ['acknowledged-append-is-lost', ['acknowledged-is-recorded', 'repeat-answers-the-same']],
    ['absent-spec-removes', ['nothing-destroyed-unasked']],
    [
      'append-ignores-expected-revision',
      ['boot-epoch-rises', 'capacity', 'one-holder-per-generation', 'deadline-once', 'log-is-true', 'healed'],
    ],
  ];

  test.each(caught)(
    '%s, within 200 seeds',
    async (bug, invariants) => {
      for (let seed = 1; seed <= seedsMax; seed += 1) {
        const [violation] = (
          await simulate({ ...(bug === 'append-ignores-expected-revision' ? crowded : defaultPlan), seed, bug })
        ).violations;
        if (violation === undefined) continue;
        expect(invariants).toContain(violation.invariant);
        return;
      }
      expect.fail(`${bug} was not noticed in ${seedsMax} seeds`);
    },
    patienceMs,
  );
});
