import { expect, test } from 'vitest';
import { createManualClock } from '#adapters/memory';
import { uuid } from '../../../test/domain/samples.ts';
import { createAdmission } from './admission.ts';
import { requestEveryMs, requestsBurst } from './limits.ts';

const [minerId, other] = [uuid<never>(1), uuid<never>(2)] as const;

test('given a miner that asks without a pause / then it is refused with when to come again, and others are not', async () => {
  const clock = createManualClock();
  const admit = createAdmission({ clock, isEnrolled: () => true });
  for (let n = 0; n < requestsBurst; n += 1) admit(minerId, n % 2 === 0 ? 'challenge' : 'evidence');
  const again = (): void => admit(minerId, 'challenge');
  expect(again).toThrow(expect.objectContaining({ code: 'throttled', retryInMs: requestEveryMs }));
  expect(() => admit(other, 'challenge')).not.toThrow();
  await clock.advance(requestEveryMs);
  expect(again).not.toThrow();
  expect(again).toThrow();
});

test('given a list in parts / then its parts do not count as requests', () => {
  const admit = createAdmission({ clock: createManualClock(), isEnrolled: () => true });
  for (let n = 0; n < 128; n += 1) admit(minerId, 'ima');
  expect(() => admit(minerId, 'ima')).toThrow(expect.objectContaining({ code: 'throttled' }));
  expect(() => admit(minerId, 'evidence')).not.toThrow();
});

test('given a miner that nobody enrolled / then it is refused by name', () => {
  const admit = createAdmission({ clock: createManualClock(), isEnrolled: (id) => id === other });
  expect(() => admit(minerId, 'challenge')).toThrow(expect.objectContaining({ code: 'miner-not-enrolled' }));
});
