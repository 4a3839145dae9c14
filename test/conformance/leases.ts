import { describe, expect, onTestFinished, test } from 'vitest';
import { createManualClock } from '#adapters/memory';
import type { Clock, Leases } from '#events';

/** Leases on a clock. `reopen` closes them and opens what they left. */
export type OpenedLeases = {
  readonly leases: Leases;
  readonly close: () => Promise<void>;
  readonly reopen?: () => Promise<Leases>;
};

/** What leases promise, over a factory of empty ones. */
export const describeLeases = (name: string, factory: { open(clock: Clock): Promise<OpenedLeases> }): void => {
  const open = async () => {
    const clock = createManualClock(1_000_000);
    const opened = await factory.open(clock);
    onTestFinished(opened.close);
    return { ...opened, clock };
  };
  const tokenOf = async (taken: Promise<bigint | null>): Promise<bigint> => {
    const token = await taken;
    if (token === null) throw new Error('the lease was refused');
    return token;
  };

  describe(`leases: ${name}`, () => {
    test('given a lease that is held / when another wants it / then it does not get it', async () => {
      const { leases } = await open();
      expect(await leases.acquire('relay', 'a', 1_000)).not.toBeNull();
      expect(await leases.acquire('relay', 'b', 1_000)).toBeNull();
      expect(await leases.acquire('timers', 'b', 1_000)).not.toBeNull();
    });

    test('given a lease / when its holder renews in time / then the token stays and its time begins anew', async () => {
      const { leases, clock } = await open();
      const token = await leases.acquire('relay', 'a', 1_000);
      await clock.advance(900);
      expect(await leases.acquire('relay', 'a', 1_000)).toBe(token);
      await clock.advance(900);
      expect(await leases.acquire('relay', 'b', 1_000)).toBeNull();
    });

    test('given a lease / when its time is over / then another takes it with a higher token', async () => {
      const { leases, clock } = await open();
      const first = await tokenOf(leases.acquire('relay', 'a', 1_000));
      await clock.advance(999);
      expect(await leases.acquire('relay', 'b', 1_000)).toBeNull();
      await clock.advance(1);
      const second = await tokenOf(leases.acquire('relay', 'b', 1_000));
      expect(second).toBeGreaterThan(first);
      expect(await leases.acquire('relay', 'a', 1_000)).toBeNull();
    });

    test('given a lease that lapsed / when its old holder takes it again / then its old token is outdated', async () => {
      const { leases, clock } = await open();
      const first = await tokenOf(leases.acquire('relay', 'a', 1_000));
      await clock.advance(1_000);
      expect(await tokenOf(leases.acquire('relay', 'a', 1_000))).toBeGreaterThan(first);
    });

    test('given a lease / when its holder releases it / then another has it at once; a stranger releases nothing', async () => {
      const { leases } = await open();
      const first = await tokenOf(leases.acquire('relay', 'a', 1_000));
      await leases.release('relay', 'b');
      expect(await leases.acquire('relay', 'b', 1_000)).toBeNull();
      await leases.release('relay', 'a');
      expect(await tokenOf(leases.acquire('relay', 'b', 1_000))).toBeGreaterThan(first);
      await leases.release('never-taken', 'a');
    });

    test('given sixteen who want it at once / when they try / then exactly one has it', async () => {
      const { leases } = await open();
      const tries = Array.from({ length: 16 }, (_, n) => leases.acquire('relay', `holder-${n}`, 1_000));
      expect((await Promise.all(tries)).filter((token) => token !== null)).toHaveLength(1);
    });

    test('given a lease / when the store is opened again / then tokens go on rising', async (context) => {
      const { leases, reopen } = await open();
      if (reopen === undefined) return context.skip('these leases do not outlive their process');
      const first = await tokenOf(leases.acquire('relay', 'a', 1_000));
      const again = await reopen();
      expect(await again.acquire('relay', 'b', 1_000)).toBeNull();
      await again.release('relay', 'a');
      expect(await tokenOf(again.acquire('relay', 'b', 1_000))).toBeGreaterThan(first);
    });
  });
};
