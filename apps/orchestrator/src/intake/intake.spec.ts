import { expect, test } from 'vitest';
import { createManualClock, createMemoryBus } from '#adapters/memory';
import { silentLog } from '#edge';
import { createBench } from '../../../../test/conformance/bench.ts';
import { uuid } from '../../../../test/orchestrator/told.ts';
import { createIntake } from './intake.ts';
import { askEveryMs, asksBurst } from './limits.ts';

test('given a miner that asks for its specs without a pause, then its work is made anew a few times only, and later again', async () => {
  const clock = createManualClock();
  const { store } = createBench();
  const memory = createMemoryBus({ clock });
  const made: string[] = [];
  const resetWork = async (minerId: string): Promise<void> => {
    made.push(minerId);
    await memory.orchestrator.resetWork(minerId);
  };
  const intake = createIntake({
    ...{ store, clock, log: silentLog, beat: () => undefined },
    bus: { ...memory.orchestrator, resetWork },
    publisher: { publish: async () => undefined },
    renew: async () => ({ ok: true, text: 'jwt' }),
  });
  await intake.start();
  const flood = memory.miner(uuid('flood'));
  for (let asked = 0; asked < asksBurst; asked += 1) await flood.sync();
  await expect(flood.sync()).rejects.toThrow('ask again in 10 s');
  await expect(flood.sync()).rejects.toThrow('ask again in 10 s');
  await memory.miner(uuid('other')).sync();
  expect(await flood.renew()).toBe('jwt');
  await clock.advance(askEveryMs);
  await flood.sync();
  expect(made).toEqual([...Array.from({ length: asksBurst }, () => uuid('flood')), uuid('other'), uuid('flood')]);
  await intake.stop();
});
