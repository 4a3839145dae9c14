import { expect, test } from 'vitest';
import { StoreUnavailable } from '#events';
import { createReadiness, storeProbe } from './readiness.ts';

const failing = (fault: ConstructorParameters<typeof StoreUnavailable>[0]) =>
  storeProbe({
    head: async () => {
      throw new StoreUnavailable(fault, 'observed');
    },
  });

test('given a store that fails for good / when readiness is asked / then it is not ready, and says what a person has to do', async () => {
  const { ready, parts } = await createReadiness([failing('refused')], () => []).report();
  expect(ready).toBe(false);
  expect(parts).toEqual([
    {
      name: 'store',
      ready: false,
      detail: expect.stringMatching(/^observed \(this does not pass by itself: give it a user/),
    },
  ]);
});

test('given a store that is busy / when readiness is asked / then it says just that', async () => {
  const { parts } = await createReadiness([failing('busy')], () => []).report();
  expect(parts).toEqual([{ name: 'store', ready: false, detail: 'observed' }]);
});
