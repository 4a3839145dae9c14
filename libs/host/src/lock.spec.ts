import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { withLock } from './lock.ts';

describe('one at a time', () => {
  test('given many who want the same lock / when they work / then never two at once, and each gets its turn', async () => {
    const name = randomUUID();
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    };
    await Promise.all([1, 2, 3, 4].map(() => withLock(name, work)));
    expect(most).toBe(1);
  });

  test('given a holder that does not end / when the wait is over / then the refusal names the lock', async () => {
    const name = randomUUID();
    await withLock(name, async () => {
      await expect(withLock(name, async () => 0, 60)).rejects.toMatchObject({
        code: 'lock-timed-out',
        facts: { name },
      });
    });
  });

  test('given work that fails / when it is over / then the lock is free again', async () => {
    const name = randomUUID();
    await expect(withLock(name, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await withLock(name, async () => 'free', 1_000)).toBe('free');
  });
});
