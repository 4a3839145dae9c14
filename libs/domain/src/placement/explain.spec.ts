import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nano, times, uuid, vmId } from '../../../../test/domain/samples.ts';
import type { MinerId } from '../values/ids.ts';
import { noSize } from '../values/size.ts';
import { explainPlacement } from './explain.ts';
import { type PlacementCandidate, place } from './placement.ts';

const candidate = (n: number, more: Partial<PlacementCandidate> = {}): PlacementCandidate => ({
  ...{ minerId: uuid<MinerId>(n), attached: true, lost: false, draining: false, distrusted: false },
  ...{ capacity: times(4, nano), reserved: noSize, ...more },
});

test('given miners that lack different things / then each says what is free and what is wanted, those that fit first', () => {
  const miners = [
    candidate(1, { draining: true }),
    candidate(2, { reserved: times(3, nano) }),
    candidate(3),
    candidate(4, { capacity: noSize }),
    candidate(5, { capacity: { ...times(4, nano), vcpus: 1 } }),
    candidate(6, { distrusted: true }),
  ];
  expect(explainPlacement(times(2, nano), miners).map(({ code, text }) => [code, text])).toEqual([
    [null, 'it fits'],
    ['distrusted', 'its evidence was refused'],
    ['draining', 'it is being drained'],
    ['memory', '256 MiB of memory are free, 512 MiB wanted'],
    ['no-capacity-declared', 'its agent offers nothing'],
    ['vcpus', '1 vCPUs are free, 2 wanted'],
  ]);
});

test('given any miners / then somebody fits exactly when placement would choose somebody', () =>
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.boolean(), fc.nat({ max: 5 })), { maxLength: 6 }), (hosts) => {
      const miners = hosts.map(([lost, draining, held], n) =>
        candidate(n, { lost, draining, reserved: times(held, nano) }),
      );
      const explained = explainPlacement(nano, miners);
      const decision = place({ vmId, size: nano }, miners);
      expect(explained.some(({ code }) => code === null)).toBe(decision.fit);
      expect(explained.length).toBe(miners.length);
    }),
  ));
