import { describe, expect, test } from 'vitest';
import { readyMiner } from '../../../../test/domain/miner-story.ts';
import { nano, noon, times, uuid, vmId } from '../../../../test/domain/samples.ts';
import { fold } from '../decider.ts';
import { placementCandidate } from '../miner/allocate.ts';
import { miner } from '../miner/index.ts';
import type { MinerId } from '../values/ids.ts';
import { noSize } from '../values/size.ts';
import { type PlacementCandidate, place } from './placement.ts';

const id = (n: number): MinerId => uuid(n);
const candidate = (n: number, more: Partial<PlacementCandidate> = {}): PlacementCandidate => ({
  minerId: id(n),
  attached: true,
  lost: false,
  draining: false,
  distrusted: false,
  capacity: times(10, nano),
  reserved: noSize,
  ...more,
});
const request = { vmId, size: nano };

describe('placing a VM', () => {
  test('given miners that fit / then the one with most memory left is chosen, to spread what a lost host takes down', () => {
    const half = candidate(1, { reserved: times(5, nano) });
    expect(place(request, [half, candidate(2), half])).toEqual({ fit: true, minerId: id(2), rejected: [] });
  });

  test('given as much memory left / then most vCPUs decide, then the lowest id', () => {
    const fewer = candidate(1, { capacity: { ...times(10, nano), vcpus: 9 } });
    expect(place(request, [fewer, candidate(3), candidate(2)])).toMatchObject({ fit: true, minerId: id(2) });
  });

  test('given a miner that is exactly full afterwards / then it fits', () =>
    expect(place({ vmId, size: times(10, nano) }, [candidate(1)])).toMatchObject({ fit: true, minerId: id(1) }));

  test('given every way not to fit / then each miner has its reason and the counts are in a fixed order', () => {
    const candidates = [
      candidate(1, { lost: true }),
      candidate(2, { attached: false, lost: true }),
      candidate(3, { capacity: noSize }),
      candidate(4, { reserved: times(10, nano) }),
      candidate(5, { capacity: { ...nano, vcpus: 0 } }),
      candidate(6, { capacity: { ...nano, diskBytes: nano.diskBytes - 1 } }),
      candidate(7, { capacity: nano, reserved: times(2, nano) }),
      candidate(8, { distrusted: true, capacity: noSize }),
    ];
    const decision = place(request, candidates);
    expect(decision.rejected).toEqual([
      { minerId: id(1), code: 'lost' },
      { minerId: id(2), code: 'not-attached' },
      { minerId: id(3), code: 'no-capacity-declared' },
      { minerId: id(4), code: 'memory' },
      { minerId: id(5), code: 'vcpus' },
      { minerId: id(6), code: 'disk' },
      { minerId: id(7), code: 'memory' },
      { minerId: id(8), code: 'distrusted' },
    ]);
    const reasons = '{"memory":2,"vcpus":1,"disk":1,"not-attached":1,"no-capacity-declared":1,"lost":1,"distrusted":1}';
    expect(decision.fit ? null : JSON.stringify(decision.reasons)).toBe(reasons);
  });

  test('given no miner / then nothing fits, for no reason', () =>
    expect(place(request, [])).toEqual({ fit: false, rejected: [], reasons: {} }));

  test('given a miner that fits beside one that does not / then the other is still explained', () =>
    expect(place(request, [candidate(1, { lost: true }), candidate(2)])).toEqual({
      fit: true,
      minerId: id(2),
      rejected: [{ minerId: id(1), code: 'lost' }],
    }));

  test('given a miner stream / then its candidate says what is free', () => {
    const state = fold(miner, [...readyMiner(1), { type: 'MinerLost', lastSeenAt: noon, missedBeats: 6 }]);
    expect(state === null ? null : placementCandidate(state)).toMatchObject({
      attached: true,
      lost: true,
      capacity: nano,
    });
  });
});
