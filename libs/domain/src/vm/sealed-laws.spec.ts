import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { histories, play } from '../../../../test/domain/laws.ts';
import { vmMove } from '../../../../test/domain/vm-moves.ts';
import { vm } from './index.ts';
import { releaseAppraisalAgeMaxMs } from './limits.ts';
import { desiredSpec } from './spec.ts';

const runs = { numRuns: 300 };

describe('the laws of a sealed VM', () => {
  test('given any history / when a key is released / then to the present boot of the miner that holds it, and it shall run', () =>
    fc.assert(
      fc.property(histories(vmMove), (moves) => {
        for (const { before, command, events } of play(vm, moves)) {
          for (const event of events) {
            if (event.type !== 'VmKeyReleased' || before === null) continue;
            expect(before.boot?.bootId).toBe(event.bootId);
            expect(before.placement).toEqual({ minerId: event.minerId, generation: event.generation });
            expect(before.desired).toBe('running');
            expect(before.sealedBoot?.specified.bootId).toBe(event.bootId);
            expect(before.volume?.keyDestroyed).toBe(false);
            expect(event.mode).toBe(before.volume?.headerSha256 === null ? 'format' : 'unlock');
            expect(command).toMatchObject({ type: 'ReleaseKey', tier: 'affirming' });
            expect(Math.abs(event.releasedAt - event.appraisedAt)).toBeLessThanOrEqual(releaseAppraisalAgeMaxMs);
          }
        }
      }),
      runs,
    ));

  test('given any history / then no boot gives its key to two guest keys', () =>
    fc.assert(
      fc.property(histories(vmMove), (moves) => {
        const released = play(vm, moves).flatMap(({ events }) =>
          events.flatMap((event) => (event.type === 'VmKeyReleased' ? [event.bootId] : [])),
        );
        expect(new Set(released).size).toBe(released.length);
      }),
      runs,
    ));

  test('given any history / when a boot is confirmed / then under a number above every one before, and its owner has allowed a volume that said another', () =>
    fc.assert(
      fc.property(histories(vmMove), (moves) => {
        for (const { before, command, events, after } of play(vm, moves)) {
          const from = before?.volume?.counter ?? 0;
          const to = after?.volume?.counter ?? 0;
          const isConfirmed = events.some(({ type }) => type === 'VmBootConfirmed');
          if (!isConfirmed || command.type !== 'ConfirmBoot') {
            expect(to).toBe(from);
            continue;
          }
          expect(to).toBeGreaterThan(from);
          expect(to).toBe(before?.sealedBoot?.released?.counter);
          if (command.counter !== to) expect(before?.sealedBoot?.rollback?.consented).toBe(true);
        }
      }),
      runs,
    ));

  test('given any history / then a confirmed header stays, and what it was opened with is remembered', () =>
    fc.assert(
      fc.property(histories(vmMove), (moves) => {
        for (const { before, after } of play(vm, moves)) {
          const pinned = before?.volume?.headerSha256 ?? null;
          if (pinned !== null) expect(after?.volume?.headerSha256).toBe(pinned);
          expect((after?.volume?.confirmed ?? null) === null).toBe((after?.volume?.headerSha256 ?? null) === null);
        }
      }),
      runs,
    ));

  test('given any history / when a deadline passes / then it is told, and nothing else happens', () =>
    fc.assert(
      fc.property(histories(vmMove), (moves) => {
        for (const { before, command, events, after } of play(vm, moves)) {
          if (command.type !== 'RaiseVmDeadline') continue;
          expect(events.every(({ type }) => type === 'VmDeadlinePassed')).toBe(true);
          expect(after).toEqual(
            events.length === 0 ? before : { ...before, waiting: { ...before?.waiting, passed: true } },
          );
        }
      }),
      runs,
    ));

  test('given any history / then a key is destroyed only of what shall be gone, and no other key is given', () =>
    fc.assert(
      fc.property(histories(vmMove), (moves) => {
        for (const { before, events } of play(vm, moves)) {
          if (events.some(({ type }) => type === 'VmKeyDestroyed')) expect(before?.desired).toBe('absent');
          if (before?.volume?.keyDestroyed) {
            expect(events.map(({ type }) => type)).not.toContain('VmKeyReleased');
            expect(events.map(({ type }) => type)).not.toContain('VmKeyDestroyed');
          }
        }
      }),
      runs,
    ));

  test('given any history / when a sealed VM runs / then under the host key that its guest confirmed, and a plain one under none', () =>
    fc.assert(
      fc.property(histories(vmMove), (moves) => {
        for (const { before, events } of play(vm, moves)) {
          for (const event of events) {
            if (event.type !== 'VmRunning' || before === null) continue;
            expect(event.sshHostKeyAttested).toBe(before.volume !== null);
            if (before.volume !== null) expect(event.sshHostKey).toBe(before.sealedBoot?.confirmed?.sshHostKey);
          }
        }
      }),
      runs,
    ));

  test('given any history / then a host is told of a sealed VM what is measured and signed, and of a plain one neither', () =>
    fc.assert(
      fc.property(histories(vmMove), (moves) => {
        for (const { after } of play(vm, moves)) {
          const spec = after === null ? null : desiredSpec(after, 7n);
          if (after === null || spec === null) continue;
          if (after.volume === null) expect(spec.sealed).toBeUndefined();
          else expect(spec.sshPublicKeys).toEqual([]);
          if (after.volume !== null && spec.boot !== null) {
            expect(spec.sealed?.bootSpec).toBe(after.sealedBoot?.specified.bootSpec);
            expect(after.sealedBoot?.specified.bootId).toBe(spec.boot.bootId);
          }
        }
      }),
      runs,
    ));
});
