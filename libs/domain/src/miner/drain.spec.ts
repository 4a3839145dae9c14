import { describe, test } from 'vitest';
import { given } from '../../../../test/domain/given.ts';
import { invited, readyMiner } from '../../../../test/domain/miner-story.ts';
import { nano, noon, otherVmId, times, vmId } from '../../../../test/domain/samples.ts';
import { noSize } from '../values/size.ts';
import type { MinerEvent } from './events.ts';
import { miner } from './index.ts';

const drain = { type: 'DrainMiner', now: noon, reason: 'new disks', deadlineAt: noon + 60_000 } as const;
const started: MinerEvent = { type: 'MinerDrainStarted', reason: 'new disks', deadlineAt: noon + 60_000 };
const drained: MinerEvent = { type: 'MinerDrained' };
const reserved: MinerEvent = { type: 'AllocationReserved', vmId, generation: 1, size: nano };
const released: MinerEvent = { type: 'AllocationReleased', vmId, generation: 1, reason: 'vm-terminated' };

describe('draining a miner', () => {
  test('given a miner without VMs / when it is drained / then it is drained at once', () =>
    given(miner, ...readyMiner(2))
      .when(drain)
      .thenEvents(started, drained));

  test('given a miner with a VM / when it is drained / then it is draining, and the VM stays', () =>
    given(miner, ...readyMiner(2), reserved)
      .when(drain)
      .thenEvents(started));

  test('given a draining miner / when its last VM leaves / then it is drained, and not earlier', () => {
    const other: MinerEvent = { ...reserved, vmId: otherVmId };
    const release = { type: 'ReleaseAllocation', now: noon, vmId, generation: 1, reason: 'vm-terminated' } as const;
    given(miner, ...readyMiner(2), reserved, other, started)
      .when(release)
      .thenEvents(released);
    given(miner, ...readyMiner(2), reserved, started)
      .when(release)
      .thenEvents(released, drained);
  });

  test('given a draining miner with room / when a VM is reserved / then it is refused because of the drain', () =>
    given(miner, ...readyMiner(2), started, drained)
      .when({ type: 'ReserveAllocation', now: noon, vmId, generation: 1, size: nano })
      .thenEvents({
        ...{ type: 'AllocationRefused', vmId, generation: 1, code: 'draining' },
        ...{ free: times(2, nano), wanted: nano },
      }));

  test('given a draining miner / when a VM that it has is resized within its room / then that is no new VM', () =>
    given(miner, ...readyMiner(2), reserved, started)
      .when({ type: 'ResizeAllocation', now: noon, vmId, from: 1, generation: 2, size: times(2, nano) })
      .thenEvents({ type: 'AllocationReserved', vmId, generation: 2, size: times(2, nano) }));

  test('given a drain / when it is given a later deadline / then that counts', () =>
    given(miner, ...readyMiner(2), reserved, started)
      .when({ ...drain, deadlineAt: null })
      .thenEvents({ ...started, deadlineAt: null }));

  test('given a deadline that has passed, or no reason / then the drain is refused', () => {
    given(miner, ...readyMiner(2))
      .when({ ...drain, deadlineAt: noon })
      .thenRefused('drain-deadline-passed', /2026/);
    given(miner, ...readyMiner(2))
      .when({ ...drain, reason: '' })
      .thenRefused('invalid-name');
  });

  test('given a drain / when it is undone / then VMs may come again; without one there is nothing to undo', () => {
    given(miner, ...readyMiner(2), started)
      .when({ type: 'UndrainMiner', now: noon })
      .thenEvents({ type: 'MinerUndrained' });
    given(miner, invited).when({ type: 'UndrainMiner', now: noon }).thenNothing();
  });
});

describe('resizing an allocation', () => {
  const resize = { type: 'ResizeAllocation', now: noon, vmId, from: 1, generation: 2, size: times(2, nano) } as const;

  test('given room / when it grows / then the newer generation takes the place of the older one', () =>
    given(miner, ...readyMiner(2), reserved)
      .when(resize)
      .thenEvents({ type: 'AllocationReserved', vmId, generation: 2, size: times(2, nano) }));

  test('given too little room / when it grows / then it is refused with what is free for it, its own share included', () =>
    given(miner, ...readyMiner(2), reserved)
      .when({ ...resize, size: times(3, nano) })
      .thenEvents({
        ...{ type: 'AllocationRefused', vmId, generation: 2, code: 'memory' },
        ...{ free: times(2, nano), wanted: times(3, nano) },
      }));

  test('given no such allocation, or a lost miner / then it is refused', () => {
    given(miner, ...readyMiner(2))
      .when(resize)
      .thenEvents({
        ...{ type: 'AllocationRefused', vmId, generation: 2, code: 'no-allocation-held' },
        ...{ free: times(2, nano), wanted: times(2, nano) },
      });
    given(miner, ...readyMiner(2), reserved, { type: 'MinerLost', lastSeenAt: noon, missedBeats: 6 })
      .when({ ...resize, size: noSize })
      .thenEvents({
        ...{ type: 'AllocationRefused', vmId, generation: 2, code: 'lost' },
        ...{ free: times(2, nano), wanted: noSize },
      });
  });

  test('given it was refused / when the same is asked again / then that was answered', () =>
    given(miner, ...readyMiner(2), reserved, {
      ...{ type: 'AllocationRefused', vmId, generation: 2, code: 'memory', free: noSize, wanted: nano },
    } as MinerEvent)
      .when(resize)
      .thenNothing());
});
