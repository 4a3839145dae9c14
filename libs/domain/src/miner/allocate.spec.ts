import { describe, expect, test } from 'vitest';
import { given } from '../../../../test/domain/given.ts';
import {
  attached,
  declared,
  enrolled,
  invited,
  type MinerEventOf,
  readyMiner,
} from '../../../../test/domain/miner-story.ts';
import { nano, noon, otherVmId, times, uuid, vmId } from '../../../../test/domain/samples.ts';
import { fold } from '../decider.ts';
import type { VmId } from '../values/ids.ts';
import { noSize } from '../values/size.ts';
import type { MinerEvent } from './events.ts';
import { miner } from './index.ts';
import { settledMax } from './limits.ts';

const reserve = { type: 'ReserveAllocation', now: noon, vmId, generation: 1, size: nano } as const;
const release = { type: 'ReleaseAllocation', now: noon, vmId, generation: 1, reason: 'vm-terminated' } as const;
const reserved: MinerEventOf<'AllocationReserved'> = { type: 'AllocationReserved', vmId, generation: 1, size: nano };
const released: MinerEvent = { type: 'AllocationReleased', vmId, generation: 1, reason: 'vm-terminated' };
const refused = (code: string, free = noSize): MinerEventOf<'AllocationRefused'> => ({
  type: 'AllocationRefused',
  vmId,
  generation: 1,
  code,
  free,
  wanted: nano,
});

describe('reserving on a miner', () => {
  test('given room / when it is reserved / then it is set aside', () => {
    given(miner, ...readyMiner(1))
      .when(reserve)
      .thenEvents(reserved);
    expect(fold(miner, [...readyMiner(1), reserved])?.reserved).toEqual(nano);
  });

  test('given room for one, which is taken / when a second is reserved / then the refusal says what is short and what is free', () => {
    const other: MinerEvent = { type: 'AllocationReserved', vmId: otherVmId, generation: 1, size: nano };
    given(miner, ...readyMiner(1), other)
      .when(reserve)
      .thenEvents(refused('memory'));
    given(miner, ...readyMiner(1), other, { type: 'AllocationReleased', vmId: otherVmId, generation: 1, reason: 'x' })
      .when(reserve)
      .thenEvents(reserved);
  });

  test('given too little of one thing / when it is reserved / then that thing is named', () => {
    const rows = [
      ['memory', { memoryBytes: nano.memoryBytes - 1 }],
      ['vcpus', { vcpus: 0 }],
      ['disk', { diskBytes: nano.diskBytes - 1 }],
    ] as const;
    for (const [code, less] of rows) {
      const free = { ...nano, ...less };
      given(miner, ...readyMiner(0), declared(free))
        .when(reserve)
        .thenEvents(refused(code, free));
    }
  });

  test('given it is not attached, lost, or has declared nothing / when it is reserved / then that is the reason', () => {
    const lost: MinerEvent = { type: 'MinerLost', lastSeenAt: noon, missedBeats: 6 };
    given(miner, invited, enrolled, declared(nano)).when(reserve).thenEvents(refused('not-attached', nano));
    given(miner, ...readyMiner(1), lost)
      .when(reserve)
      .thenEvents(refused('lost', nano));
    given(miner, invited, enrolled, attached).when(reserve).thenEvents(refused('no-capacity-declared'));
  });

  test('given its evidence was refused / when it is reserved / then that is the reason, and trust that comes back takes it', () => {
    const trust = (tier: 'contraindicated' | 'none', appraisalId: string): MinerEvent => ({
      ...{ type: 'MinerTrustChanged', tier, appraisalId, appraisedAt: noon },
    });
    const distrusted = [...readyMiner(1), trust('contraindicated', 'a-1')];
    given(miner, ...distrusted)
      .when(reserve)
      .thenEvents(refused('distrusted', nano));
    given(miner, ...distrusted, trust('none', 'a-2'))
      .when(reserve)
      .thenEvents(reserved);
  });

  test('given it declared less than is reserved / when one more is reserved / then nothing is free, and what runs stays', () => {
    const shrunk = [...readyMiner(2), { ...reserved, vmId: otherVmId }, declared({ ...nano, vcpus: 0 })];
    expect(fold(miner, shrunk)?.allocations.size).toBe(1);
    given(miner, ...shrunk)
      .when(reserve)
      .thenEvents(refused('memory'));
  });

  test('given it is reserved / when the same comes again / then nothing, and never with another size', () => {
    given(miner, ...readyMiner(2), reserved)
      .when(reserve)
      .thenNothing();
    given(miner, ...readyMiner(2), reserved)
      .when({ ...reserve, size: times(2, nano) })
      .thenRefused('allocation-exists-with-other-content');
  });

  test('given a size that is none / when it is reserved / then that is refused', () =>
    given(miner, ...readyMiner(1))
      .when({ ...reserve, size: { ...nano, memoryBytes: -1 } })
      .thenRefused('invalid-capacity'));
});

describe('generations on a miner', () => {
  const next = { ...reserve, generation: 2 } as const;

  test('given an older generation holds / when a newer is reserved / then it is refused until the older is released', () => {
    given(miner, ...readyMiner(2), reserved)
      .when(next)
      .thenEvents({
        type: 'AllocationRefused',
        vmId,
        generation: 2,
        code: 'older-generation-held',
        free: nano,
        wanted: nano,
      });
    given(miner, ...readyMiner(2), reserved, released)
      .when(next)
      .thenEvents({ type: 'AllocationReserved', vmId, generation: 2, size: nano });
  });

  test('given a generation was refused or released / when it, or an older one, is reserved again / then nothing', () => {
    for (const history of [[refused('memory')], [reserved, released]]) {
      given(miner, ...readyMiner(2), ...history)
        .when(reserve)
        .thenNothing();
      given(miner, ...readyMiner(2), ...history)
        .when({ ...reserve, generation: 0 })
        .thenNothing();
    }
  });

  test('given a newer generation holds / when an older is reserved or released / then nothing', () => {
    const newer: MinerEvent = { type: 'AllocationReserved', vmId, generation: 2, size: nano };
    given(miner, ...readyMiner(2), newer)
      .when(reserve)
      .thenNothing();
    given(miner, ...readyMiner(2), newer)
      .when(release)
      .thenNothing();
  });

  test('given an allocation / when it is released / then its room is free, once; an unknown one decides nothing', () => {
    given(miner, ...readyMiner(1), reserved)
      .when(release)
      .thenEvents(released);
    expect(fold(miner, [...readyMiner(1), reserved, released])?.reserved).toEqual(noSize);
    given(miner, ...readyMiner(1))
      .when(release)
      .thenNothing();
  });

  test('given a long history / then only the last settled VMs are remembered', () => {
    const history = Array.from({ length: settledMax + 5 }, (_, index) => ({
      ...refused('memory'),
      vmId: uuid<VmId>(index),
    }));
    const settled = fold(miner, [...readyMiner(0), ...history])?.settled;
    expect(settled?.size).toBe(settledMax);
    expect([settled?.has(uuid(4)), settled?.has(uuid(5))]).toEqual([false, true]);
  });
});
