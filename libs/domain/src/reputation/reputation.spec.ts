import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { nano, noon, times, uuid } from '../../../../test/domain/samples.ts';
import type { AppraisalEvent, GroupTiers, Tier } from '../appraisal/events.ts';
import { scoreMax } from '../attestation/schedule.ts';
import type { MinerEvent } from '../miner/events.ts';
import type { AttesterId, VmId } from '../values/ids.ts';
import { hourMs, minuteMs } from '../values/time.ts';
import { reasonsMax } from './limits.ts';
import { standardReputation } from './policy.ts';
import { reputationAfter, scoreAt, underNewRules } from './reputation.ts';
import type { Reputation } from './state.ts';

type Recorded = { readonly at: number; readonly event: MinerEvent | AppraisalEvent };

const rules = { policy: standardReputation, version: 0 };
const { neutral, losses, restored } = standardReputation;
const good: GroupTiers = {
  ...{ hardware: 'affirming', launch: 'affirming', tpm: 'affirming', ima: 'affirming', identity: 'affirming' },
};

const judged = (tier: Tier, groups: Partial<GroupTiers> = {}, at = noon): AppraisalEvent => ({
  ...{ type: 'EvidenceAppraised', attesterId: uuid<AttesterId>(1), kind: 'host', appraisalId: 'a', attestorId: 'x' },
  ...{ appraisedAt: at, nonceSha256: 'n', nonceExpiresAt: at, evidenceSha256: null, policies: [] },
  ...{ platform: 'simulated', tier, groups: { ...good, ...groups }, refusals: [], nextDueAt: at + 2 * minuteMs },
  claims: {
    ...{ chipId: null, product: null, reportedTcb: null, launchDigest: null, ekPublicSha256: null, akName: null },
    ...{ imaEntries: 0, imaNotAttested: 0, agentVersion: null },
  },
  progress: { tpm: null, ima: null },
});

const attached: MinerEvent = {
  ...{ type: 'MinerAttached', agentEpoch: 1, agentVersion: '1', hostBootId: 'b', accelerator: 'tcg' },
  ...{ platform: 'simulated', cpuModel: 'x' },
};

const causeOf = (at: number, n = 0) => ({ eventId: `e-${n}`, stream: 'miner-x', revision: BigInt(n), at });

const play = (history: readonly Recorded[]): Reputation => {
  const end = history.reduce<Reputation | null>(
    (state, { at, event }, n) => reputationAfter(state, event, causeOf(at, n), rules),
    null,
  );
  return end ?? expect.fail('no event');
};

const minutes = (n: number): number => noon + n * minuteMs;

/** Affirming evidence every two minutes, as a new miner gives it. */
const affirmed = (from: number, until: number): readonly Recorded[] =>
  Array.from({ length: Math.ceil((until - from) / 2) }, (_, n) => minutes(from + 2 * n)).map((at) => ({
    at,
    event: judged('affirming', {}, at),
  }));

describe('reputation', () => {
  it('begins neutral, and a day of uptime raises it', () => {
    expect(play([{ at: noon, event: attached }]).score).toBe(neutral);
    const day = play([{ at: noon, event: attached }, ...affirmed(0, 24 * 60 + 2)]);
    expect(day.score).toBe(neutral + standardReputation.uptimePerDay);
  });

  it('delivered capacity counts beside uptime, by its share of what was claimed', () => {
    const held: readonly Recorded[] = [
      { at: noon, event: attached },
      { at: noon, event: { type: 'CapacityDeclared', capacity: times(4, nano) } },
      { at: noon, event: { type: 'AllocationReserved', vmId: uuid<VmId>(1), generation: 1, size: nano } },
    ];
    const { uptimePerDay, deliveredPerDay } = standardReputation;
    const { score } = play([...held, ...affirmed(0, 24 * 60 + 2)]);
    expect(score).toBe(neutral + uptimePerDay + deliveredPerDay / 4);
  });

  it('a TPM failure costs most, an IMA mismatch less, and the same failure again little', () => {
    const scoreAfter = (...events: readonly AppraisalEvent[]) =>
      play(events.map((event) => ({ at: noon, event }))).score;
    const tpm = judged('contraindicated', { tpm: 'contraindicated', ima: 'contraindicated' });
    const ima = judged('contraindicated', { ima: 'contraindicated' });
    expect(scoreAfter(tpm)).toBe(neutral - losses.tpm);
    expect(scoreAfter(ima)).toBe(neutral - losses.ima);
    expect(scoreAfter(ima, ima)).toBe(neutral - losses.ima - losses.repeated);
    expect(scoreAfter(judged('warning'))).toBe(neutral - losses.warning);
    expect(scoreAfter(judged('none', { tpm: 'none' }))).toBe(neutral - losses.contraindicated);
    expect(scoreAfter(judged('warning'), ima)).toBe(neutral - losses.warning - losses.ima);
  });

  it('affirming evidence gives back what failures took, step by step, and never more', () => {
    const failed = { at: noon, event: judged('contraindicated', { ima: 'contraindicated' }) };
    expect(play([failed, { at: minutes(1), event: judged('affirming', {}, minutes(1)) }]).score).toBe(
      neutral - losses.ima + restored,
    );
    expect(play([failed, ...affirmed(1, 24 * 60)]).score).toBe(neutral);
  });

  it('silence decays from when evidence was due, and a look at it changes nothing', () => {
    const state = play([{ at: noon, event: judged('affirming') }]);
    const from = noon + 2 * minuteMs + standardReputation.graceMs;
    expect(scoreAt(state, standardReputation, from)).toBe(neutral);
    expect(scoreAt(state, standardReputation, from + hourMs)).toBe(neutral - standardReputation.decayPerHour);
    expect(scoreAt(state, standardReputation, from + 1_000 * hourMs)).toBe(0);
  });

  it('a failure is still shown after days of uptime, and all that is shown makes the score', () => {
    const {
      score,
      start,
      earlier,
      losses: lost,
      gains,
    } = play([
      { at: noon, event: attached },
      { at: noon, event: judged('contraindicated', { tpm: 'contraindicated' }) },
      ...affirmed(2, 48 * 60),
    ]);
    expect(lost[0]).toMatchObject({ code: 'tpm', delta: -losses.tpm, revision: 1n, policyVersion: 0 });
    expect(gains).toHaveLength(reasonsMax);
    expect(start + earlier + [...lost, ...gains].reduce((sum, { delta }) => sum + delta, 0)).toBe(score);
  });

  it('other rules hold from when they are published, and what was due before is charged by the old ones', () => {
    const state = play([{ at: noon, event: judged('affirming') }]);
    const from = noon + 2 * minuteMs + standardReputation.graceMs;
    const harsh = { ...standardReputation, decayPerHour: 100_000 };
    const changed = underNewRules(state, causeOf(from + hourMs), rules);
    expect(changed.score).toBe(neutral - standardReputation.decayPerHour);
    expect(scoreAt(changed, harsh, from + 2 * hourMs)).toBe(neutral - standardReputation.decayPerHour - 100_000);
  });
});

const tier = fc.constantFrom<Tier>('affirming', 'affirming', 'affirming', 'warning', 'contraindicated', 'none');
const size = fc.integer({ min: 0, max: 4 }).map((n) => times(n, nano));
const vm = fc.constantFrom(uuid<VmId>(1), uuid<VmId>(2));
const ground = fc.constantFrom<Partial<GroupTiers>>(
  {},
  { tpm: 'contraindicated' },
  { ima: 'contraindicated' },
  { launch: 'contraindicated' },
);
const evidence = fc.tuple(tier, ground).map(([given, groups]) => judged(given, given === 'affirming' ? {} : groups));
const overdue = fc.constant<AppraisalEvent>({
  ...{ type: 'AttestationOverdue', attesterId: uuid<AttesterId>(1), dueAt: noon, lastAppraisedAt: null },
});
const life: fc.Arbitrary<MinerEvent> = fc.oneof(
  fc.constant(attached),
  fc.constant<MinerEvent>({ type: 'MinerLost', lastSeenAt: noon, missedBeats: 6 }),
  fc.constant<MinerEvent>({ type: 'MinerReturned' }),
  size.map((capacity): MinerEvent => ({ type: 'CapacityDeclared', capacity })),
  fc
    .tuple(vm, size)
    .map(([vmId, held]): MinerEvent => ({ type: 'AllocationReserved', vmId, generation: 1, size: held })),
  vm.map((vmId): MinerEvent => ({ type: 'AllocationReleased', vmId, generation: 1, reason: 'x' })),
);

/** Events in any order at any distance; a clock that goes back is one of them. */
const historyOf = (events: fc.Arbitrary<MinerEvent | AppraisalEvent>) =>
  fc
    .array(fc.tuple(fc.integer({ min: -minuteMs, max: 3 * hourMs }), events), { minLength: 1, maxLength: 60 })
    .map((steps) => {
      let at = noon;
      return steps.map(([gap, event]): Recorded => {
        at += gap;
        const isJudged = event.type === 'EvidenceAppraised';
        return { at, event: isJudged ? { ...event, appraisedAt: at, nextDueAt: at + 2 * minuteMs } : event };
      });
    });
const anything = fc.oneof({ weight: 2, arbitrary: evidence }, { weight: 2, arbitrary: life }, overdue);

const states = (history: readonly Recorded[]): readonly (readonly [Recorded, Reputation | null, Reputation])[] => {
  let state: Reputation | null = null;
  return history.map((recorded, n) => {
    const before = state;
    const after = reputationAfter(before, recorded.event, causeOf(recorded.at, n), rules);
    state = after;
    return [recorded, before, after] as const;
  });
};

describe('the laws of reputation', () => {
  test('it is a whole number from 0 to a million, and its reasons make it', () =>
    fc.assert(
      fc.property(historyOf(anything), (history) => {
        for (const [, , { score, start, earlier, losses: lost, gains }] of states(history)) {
          expect(Number.isInteger(score) && score >= 0 && score <= scoreMax).toBe(true);
          expect(start + earlier + [...lost, ...gains].reduce((sum, { delta }) => sum + delta, 0)).toBe(score);
        }
      }),
    ));

  test('no failure, silence or loss ever raises it', () =>
    fc.assert(
      fc.property(historyOf(anything), (history) => {
        for (const [{ event }, before, after] of states(history)) {
          if (event.type === 'EvidenceAppraised' && event.tier === 'affirming') continue;
          expect(after.score).toBeLessThanOrEqual(before?.score ?? neutral);
        }
      }),
    ));

  test('looking later never shows more', () =>
    fc.assert(
      fc.property(historyOf(anything), fc.nat(100 * hourMs), fc.nat(100 * hourMs), (history, soon, later) => {
        const state = play(history);
        const first = scoreAt(state, standardReputation, noon + soon);
        expect(first).toBeLessThanOrEqual(state.score);
        expect(scoreAt(state, standardReputation, noon + soon + later)).toBeLessThanOrEqual(first);
      }),
    ));

  test('evidence without a life of the miner never raises it above neutral', () =>
    fc.assert(
      fc.property(historyOf(fc.oneof(evidence, overdue)), (history) => {
        for (const [, , { score }] of states(history)) expect(score).toBeLessThanOrEqual(neutral);
      }),
    ));

  test('an event that says nothing about trust may come anywhere between the others, and the score at the end is the same', () =>
    fc.assert(
      fc.property(
        historyOf(anything),
        fc.array(fc.tuple(fc.nat(60), fc.nat(hourMs)), { maxLength: 5 }),
        (history, looks) => {
          const between = history.flatMap((recorded, n) => [
            recorded,
            ...looks
              .filter(([place, gap]) => place === n && recorded.at + gap <= (history[n + 1]?.at ?? recorded.at))
              .map(([, gap]): Recorded => ({ at: recorded.at + gap, event: { type: 'MinerUndrained' } })),
          ]);
          expect(play(between).score).toBe(play(history).score);
        },
      ),
    ));
});
