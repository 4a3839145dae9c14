import { describe, expect, test } from 'vitest';
import { type AttesterId, appraisal, type EvidenceAppraised } from '#domain';
import { judged, minerId } from '../../../../../test/orchestrator/told.ts';
import { freshnessView } from './attestation.view.ts';

const minuteMs = 60_000;
const at = Date.UTC(2030, 0, 1);

const rowOf = (change: Partial<EvidenceAppraised>) => {
  const id = minerId('first');
  const event = { ...judged(id, { appraisedAt: at }), ...change };
  const attester = appraisal.evolve(null, event) ?? expect.fail('no attester');
  return { attester, policies: [], firstAt: 'x', revision: '0' };
};

describe('how fresh a verdict is', () => {
  test('given a host whose next evidence is due, then it is overdue once that time has passed, and not before', () => {
    const row = rowOf({ nextDueAt: at + minuteMs });
    expect(freshnessView(row, at + minuteMs)).toMatchObject({ isOverdue: false, ageMs: minuteMs });
    expect(freshnessView(row, at + minuteMs + 1)).toMatchObject({ isOverdue: true });
  });

  test('given the guest of an owner, of whom nothing more is awaited, then it is never overdue, however old', () => {
    const row = rowOf({ kind: 'guest', attesterId: minerId('first') as string as AttesterId, nextDueAt: at });
    expect(freshnessView(row, at + 1_000 * minuteMs)).toMatchObject({
      ...{ tier: 'affirming', isOverdue: false, nextDueAt: null, ageMs: 1_000 * minuteMs },
    });
  });
});
