import { describe, expect, test } from 'vitest';
import { drawPlan, faultKinds } from './plan.ts';
import { simulate } from './simulate.ts';

const patienceMs = 300_000;

describe('the simulated network', () => {
  test(
    'given 25 seeds of faults, when everything is calm again, then nothing that must hold was broken',
    async () => {
      let events = 0;
      for (let seed = 1; seed <= 25; seed += 1) {
        const run = await simulate(drawPlan(seed));
        expect(run.violations).toEqual([]);
        events += run.events;
      }
      expect(events).toBeGreaterThan(1_500);
    },
    patienceMs,
  );

  test(
    'given one seed, when it runs twice, then both logs are the same, byte for byte',
    async () => {
      const [first, second, other] = [
        await simulate(drawPlan(7)),
        await simulate(drawPlan(7)),
        await simulate(drawPlan(8)),
      ];
      expect(second).toEqual(first);
      expect(other.logHash).not.toBe(first.logHash);
    },
    patienceMs,
  );

  test('given 200 seeds, when their plans are drawn, then each kind of fault is in some and missing in others', () => {
    const plans = Array.from({ length: 200 }, (_, seed) => drawPlan(seed));
    for (const kind of faultKinds) {
      const present = plans.filter(({ rates }) => rates[kind] > 0).length;
      expect([kind, present > 60 && present < 180]).toEqual([kind, true]);
    }
    expect(new Set(plans.map(({ replicas }) => replicas))).toEqual(new Set([1, 2, 3]));
  });
});
