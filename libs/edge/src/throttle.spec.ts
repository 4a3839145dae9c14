import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createManualClock } from '#adapters/memory';
import { createThrottle } from './throttle.ts';

const given = (keysMax = 10) => {
  const clock = createManualClock();
  return { clock, take: createThrottle({ clock, burst: 3, everyMs: 1_000, keysMax }) };
};

describe('a throttle', () => {
  test('given a burst, then it is taken, what follows waits, and after that wait it is taken', async () => {
    const { clock, take } = given();
    expect(['m', 'm', 'm', 'm', 'm'].map(take)).toEqual([0, 0, 0, 1_000, 1_000]);
    expect(take('n')).toBe(0);
    await clock.advance(400);
    expect(take('m')).toBe(600);
    await clock.advance(600);
    expect([take('m'), take('m')]).toEqual([0, 1_000]);
  });

  test('given whatever comes, then never more are taken than the burst and one per interval', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(2_500), { maxLength: 100 }), async (pauses) => {
        const { clock, take } = given();
        let taken = 0;
        let passed = 0;
        for (const pause of pauses) {
          await clock.advance(pause);
          passed += pause;
          if (take('m') === 0) taken += 1;
        }
        expect(taken).toBeLessThanOrEqual(3 + Math.floor(passed / 1_000));
      }),
    );
  });

  test('given more miners than it remembers, then it forgets the one that was silent longest', () => {
    const { take } = given(2);
    for (const key of ['a', 'a', 'a', 'b', 'b', 'b']) take(key);
    take('c');
    expect(take('b')).toBe(1_000);
    expect(take('a')).toBe(0);
  });
});
