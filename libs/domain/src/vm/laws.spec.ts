import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attempt, histories, play, testDeciderLaws } from '../../../../test/domain/laws.ts';
import { minerId, nano, noon, otherMinerId } from '../../../../test/domain/samples.ts';
import { backupSamples } from '../../../../test/domain/vm-backup-story.ts';
import { vmMove } from '../../../../test/domain/vm-moves.ts';
import { sealedSamples } from '../../../../test/domain/vm-sealed-story.ts';
import { boot, endpoint, happened, holdId, request, sshHostKey } from '../../../../test/domain/vm-story.ts';
import { microCredits } from '../values/money.ts';
import { describeVm } from './describe.ts';
import { vm } from './index.ts';
import { desiredSpec } from './spec.ts';
import type { Observed } from './state.ts';

const { requested, admitted, placed, stopRequested, terminationRequested } = happened;
const deadlineAt = noon;
const price = microCredits(1n);
const from = { minerId, generation: 1, agentEpoch: 1, sequence: 1 };
const running = { endpoint, sshHostKey, sshHostKeyAttested: false };
const authorized = { generation: 1, authorizedAt: noon, deadlineAt };

const proposal = { type: 'VmPlacementProposed', minerId, generation: 1, snapshotPosition: '7', deadlineAt } as const;

/** States that wait for somebody. Each has a deadline, and no other state has one. */
const waitingStates: ReadonlySet<Observed> = new Set<Observed>([
  'awaiting-admission',
  'awaiting-placement',
  'awaiting-reservation',
  'awaiting-boot',
  'starting',
  'awaiting-key',
  'stopping',
  'resizing',
  'backing-up',
  'restoring',
  'lost',
  'terminating',
]);

describe('the laws of a VM', () => {
  testDeciderLaws({
    decider: vm,
    move: vmMove,
    refusedAgain: ['volume-older'],
    samples: {
      VmRequested: [requested, { ...requested, restartPolicy: 'never' }],
      VmAdmitted: [admitted],
      VmRefused: [{ type: 'VmRefused', code: 'x', detail: 'y' }],
      VmPlacementProposed: [proposal, { ...proposal, generation: 2 }],
      VmPlacementRejected: [{ type: 'VmPlacementRejected', minerId, generation: 1, code: 'memory', deadlineAt }],
      VmPlacementFailed: [{ type: 'VmPlacementFailed', reasons: { memory: 1 }, snapshotPosition: '7' }],
      VmPlacementDeclined: [{ type: 'VmPlacementDeclined', minerId, generation: 1, code: 'vm-terminated' }],
      VmPlaced: [placed, { ...placed, minerId: otherMinerId, generation: 2 }],
      BootAuthorized: [
        { type: 'BootAuthorized', bootEpoch: 1, bootId: boot(1), cause: 'placed', ...authorized },
        { type: 'BootAuthorized', bootEpoch: 2, bootId: boot(2), cause: 'crash', ...authorized },
      ],
      VmStartRequested: [{ type: 'VmStartRequested' }],
      VmStopRequested: [stopRequested],
      VmRebootRequested: [{ type: 'VmRebootRequested' }],
      VmResizeRequested: [
        {
          type: 'VmResizeRequested',
          minerId,
          generation: 2,
          flavorId: 'x',
          size: nano,
          pricePerHour: price,
          deadlineAt,
        },
      ],
      VmResized: [{ type: 'VmResized', minerId, generation: 2, flavorId: 'x', size: nano }],
      VmResizeRefused: [{ type: 'VmResizeRefused', generation: 2, code: 'memory', detail: 'no room' }],
      VmSshKeysChanged: [{ type: 'VmSshKeysChanged', keysVersion: 2, sshPublicKeys: ['ssh-ed25519 AAAAother'] }],
      VmSshKeysApplied: [{ type: 'VmSshKeysApplied', bootId: boot(1), keysVersion: 2, ...from }],
      VmTerminationRequested: [terminationRequested],
      VmStarting: [{ type: 'VmStarting', bootId: boot(1), ...from }],
      VmRunning: [{ type: 'VmRunning', bootId: boot(2), ...running, ...from }],
      VmStopped: [
        { type: 'VmStopped', bootId: boot(1), cause: 'crash', detail: '', ...from },
        { type: 'VmStopped', bootId: null, cause: 'host-shutdown', detail: '', ...from },
      ],
      VmFailed: [{ type: 'VmFailed', bootId: boot(1), code: 'x', detail: '', ...from }],
      VmLost: [{ type: 'VmLost', minerId, lastSeenAt: noon, deadlineAt }],
      VmRecovered: [{ type: 'VmRecovered', minerId }],
      VmDeadlinePassed: [{ type: 'VmDeadlinePassed', waitingFor: 'boot', deadlineAt }],
      VmTerminated: [{ type: 'VmTerminated', diskRemoved: true }],
      ...sealedSamples,
      ...backupSamples,
    },
  });

  test('given any history / then what waits has a deadline, what does not has none, and each has its sentences', () =>
    fc.assert(
      fc.property(histories(vmMove), (moves) => {
        for (const { after } of play(vm, moves)) {
          if (after === null) continue;
          expect([after.observed, after.waiting !== null]).toEqual([after.observed, waitingStates.has(after.observed)]);
          expect(after.observedBeforeLost !== null).toBe(after.observed === 'lost');
          expect(describeVm(after).observed).not.toMatch(/undefined|none|unknown|no reason/);
        }
      }),
    ));

  test('given any history / when a miner says the same once more / then that is no news', () =>
    fc.assert(
      fc.property(histories(vmMove), (moves) => {
        for (const { command, events, after } of play(vm, moves)) {
          if (command.type !== 'ObserveVm' || events.length === 0 || after?.observed === 'terminated') continue;
          const again = { ...command, sequence: command.sequence + 1, nextBootId: boot(99) };
          expect(attempt(vm, after, again).events).toEqual([]);
        }
      }),
    ));

  test('given any history / then a spec names the generation that holds it, and only a boot that was authorised for it', () =>
    fc.assert(
      fc.property(histories(vmMove), (moves) => {
        const authorised = new Map<string, number>();
        for (const { events, after } of play(vm, moves)) {
          for (const event of events) {
            if (event.type === 'BootAuthorized') authorised.set(event.bootId, event.generation);
          }
          if (after === null) continue;
          const spec = desiredSpec(after, 7n);
          expect(spec?.generation).toBe(after.placement?.generation);
          if (spec?.boot) expect(authorised.get(spec.boot.bootId)).toBe(spec.generation);
          const isSettled = after.volume === null || after.sealedBoot !== null;
          if (spec?.desired === 'running' && isSettled) expect(spec.boot).not.toBeNull();
        }
      }),
    ));

  test('given any history / then generations and boot epochs only rise, and no boot is authorised twice', () =>
    fc.assert(
      fc.property(histories(vmMove), (moves) => {
        const events = play(vm, moves).flatMap((step) => step.events);
        const generations = events.flatMap((event) =>
          event.type === 'VmPlacementProposed' ||
          event.type === 'VmResizeRequested' ||
          event.type === 'VmRestoreRequested'
            ? [event.generation]
            : [],
        );
        const boots = events.flatMap((event) => (event.type === 'BootAuthorized' ? [event] : []));
        expect(generations).toEqual(generations.map((_, index) => index + 1));
        expect(boots.map(({ bootEpoch }) => bootEpoch)).toEqual(boots.map((_, index) => index + 1));
        expect(new Set(boots.map(({ bootId }) => bootId)).size).toBe(boots.length);
      }),
    ));

  test('given any history / when it is terminated or refused / then it stays so', () =>
    fc.assert(
      fc.property(histories(vmMove), (moves) => {
        for (const { before, after } of play(vm, moves)) {
          if (before?.desired === 'absent') expect(after?.desired).toBe('absent');
          if (before?.observed === 'terminated' || before?.observed === 'refused') {
            expect(after?.observed).toBe(before.observed);
          }
        }
      }),
    ));

  test('given any history / when a wish of its owner is accepted / then that is what is desired', () =>
    fc.assert(
      fc.property(histories(vmMove), (moves) => {
        const wishes = { StartVm: 'running', RebootVm: 'running', StopVm: 'stopped', TerminateVm: 'absent' } as const;
        for (const { command, refusal, after } of play(vm, moves)) {
          if (refusal !== null || !(command.type in wishes)) continue;
          expect(after?.desired).toBe(Object.entries(wishes).find(([type]) => type === command.type)?.[1]);
        }
      }),
    ));

  test('given any history / then a VM has the size its miner set aside, in one generation with it, and its disk never shrinks', () =>
    fc.assert(
      fc.property(histories(vmMove), (moves) => {
        for (const { before, command, events, after } of play(vm, moves)) {
          if (before === null || after === null) continue;
          expect(after.size.diskBytes).toBeGreaterThanOrEqual(before.size.diskBytes);
          const resized = events.find(({ type }) => type === 'VmResized');
          expect(after.size !== before.size).toBe(resized !== undefined);
          if (resized !== undefined) {
            expect(command.type).toBe('ConfirmPlacement');
            expect(after.placement?.generation).toBe(before.resize?.generation);
          }
          // Whoever resizes has stopped: no boot of the old size may start once the new one is set aside.
          if (after.resize !== null) expect(after.boot?.generation ?? 0).toBeLessThan(after.resize.generation);
        }
      }),
    ));

  test('given it was admitted / then its hold is the one it was admitted with', () => {
    const admit = { type: 'AdmitVm', now: noon, holdId } as const;
    expect(play(vm, [() => request, () => admit]).at(-1)?.after?.holdId).toBe(holdId);
  });
});
