import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { given } from '../../../../test/domain/given.ts';
import { movesOf, testDeciderLaws } from '../../../../test/domain/laws.ts';
import { minerId, noon, otherMinerId } from '../../../../test/domain/samples.ts';
import { type DeviceCommand, type DeviceEvent, type DeviceState, device } from './device.ts';

const chip = { deviceKind: 'chip', deviceId: 'ab'.repeat(32) } as const;
const claim = { type: 'ClaimDevice', now: noon, ...chip, minerId } as const;
const claimed: DeviceEvent = { type: 'DeviceClaimed', ...chip, minerId };
const refused: DeviceEvent = { type: 'DeviceClaimRefused', ...chip, minerId: otherMinerId, heldBy: minerId };
const disputed: DeviceEvent = { type: 'DeviceDisputed', minerId: otherMinerId, reason: 'bought it' };
const dispute = { type: 'DisputeDevice', now: noon, minerId: otherMinerId, reason: 'bought it' } as const;

describe('a device', () => {
  test('given nobody’s / when a miner shows it / then it counts for that miner', () =>
    given(device).when(claim).thenEvents(claimed));

  test('given a miner’s / when another shows it / then that is refused by name, and said once', () => {
    given(device, claimed)
      .when({ ...claim, minerId: otherMinerId })
      .thenEvents(refused);
    given(device, claimed, refused)
      .when({ ...claim, minerId: otherMinerId })
      .thenNothing();
  });

  test('given a released one / when the other shows it again / then it has it', () =>
    given(device, claimed, refused, { type: 'DeviceReleased', minerId, reason: 'sold' })
      .when({ ...claim, minerId: otherMinerId })
      .thenEvents({ ...claimed, minerId: otherMinerId }));

  test('given a dispute / when it is settled / then the holder is named, either way', () => {
    given(device, claimed).when(dispute).thenEvents(disputed);
    given(device, claimed, disputed)
      .when({ ...dispute, reason: 'again' })
      .thenRefused('device-disputed');
    given(device, claimed)
      .when({ ...dispute, minerId })
      .thenRefused('device-held-by-claimant');
    const settle = { type: 'SettleDeviceDispute', now: noon, outcome: 'transferred', reason: 'invoice seen' } as const;
    given(device, claimed).when(settle).thenRefused('device-not-disputed');
    const settled: DeviceEvent = {
      ...{ type: 'DeviceDisputeSettled', outcome: 'transferred', holder: otherMinerId, reason: 'invoice seen' },
    };
    expect(device.decide([claimed, disputed].reduce(device.evolve, device.initial), settle)).toEqual([settled]);
    expect([claimed, disputed, settled].reduce(device.evolve, device.initial)).toMatchObject({
      holder: otherMinerId,
      dispute: null,
    });
  });

  test('given one that nobody holds or knows / when it is to be transferred / then it is refused', () => {
    const transfer = { type: 'TransferDevice', now: noon, to: otherMinerId, reason: 'moved' } as const;
    given(device).when(transfer).thenRefused('device-not-found');
    given(device, claimed, { type: 'DeviceReleased', minerId, reason: 'sold' })
      .when(transfer)
      .thenRefused('device-not-claimed');
    given(device, claimed)
      .when(transfer)
      .thenEvents({ type: 'DeviceTransferred', from: minerId, to: otherMinerId, reason: 'moved' });
  });
});

const miner = fc.constantFrom(minerId, otherMinerId);
const reason = fc.constantFrom('x', 'y', '');
const now = fc.constant(noon);
const command: fc.Arbitrary<DeviceCommand> = fc.oneof(
  fc.record({ type: fc.constant('ClaimDevice' as const), now, minerId: miner }).map((c) => ({ ...c, ...chip })),
  fc.record({ type: fc.constant('ReleaseDevice' as const), now, reason }),
  fc.record({ type: fc.constant('TransferDevice' as const), now, to: miner, reason }),
  fc.record({ type: fc.constant('DisputeDevice' as const), now, minerId: miner, reason }),
  fc.record({
    ...{ type: fc.constant('SettleDeviceDispute' as const), now, reason },
    outcome: fc.constantFrom('kept' as const, 'transferred' as const),
  }),
);

describe('the laws of a device', () => {
  testDeciderLaws<DeviceState, DeviceCommand, DeviceEvent>({
    decider: device,
    move: movesOf(command),
    samples: {
      DeviceClaimed: [claimed, { ...claimed, minerId: otherMinerId }],
      DeviceClaimRefused: [refused],
      DeviceReleased: [{ type: 'DeviceReleased', minerId, reason: 'x' }],
      DeviceTransferred: [{ type: 'DeviceTransferred', from: minerId, to: otherMinerId, reason: 'x' }],
      DeviceDisputed: [disputed],
      DeviceDisputeSettled: [{ type: 'DeviceDisputeSettled', outcome: 'kept', holder: minerId, reason: 'x' }],
    },
  });
});
