import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attempt, histories, movesOf, play, testDeciderLaws } from '../../../../test/domain/laws.ts';
import { attached, declared, enrolled, facts, invited, readyMiner } from '../../../../test/domain/miner-story.ts';
import { minerId, nano, noon, sha256Of, times, uuid, vmId } from '../../../../test/domain/samples.ts';
import { fold } from '../decider.ts';
import { whyNoFit } from '../placement/placement.ts';
import type { VmId } from '../values/ids.ts';
import { addSize, noSize, type Size } from '../values/size.ts';
import { placementCandidate } from './allocate.ts';
import type { MinerCommand } from './commands.ts';
import { eligibilityOf } from './eligibility.ts';
import type { MinerEvent } from './events.ts';
import { miner } from './index.ts';
import type { MinerState } from './state.ts';

const now = fc.integer({ min: 0, max: 90 }).map((seconds) => noon + seconds * 1_000);
const vmIds = fc.constantFrom<VmId>(uuid(1), uuid(2), uuid(3));
const generation = fc.integer({ min: 1, max: 4 });
const size = fc.integer({ min: 0, max: 3 }).map((count) => times(count, nano));
const digest = fc.constantFrom(invited.joinTokenSha256, invited.joinTokenSha256, sha256Of('c'));
const key = fc.constantFrom(enrolled.natsPublicKey, enrolled.natsPublicKey, `U${'B'.repeat(55)}`);

const checks = fc
  .constantFrom('PASS' as const, 'WARN' as const, 'FAIL' as const)
  .map((status) => [{ code: 'HCC-H004', name: 'disk space', status, observed: 'some', wanted: 'more', fix: null }]);

const allocation = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('ReserveAllocation' as const), now, vmId: vmIds, generation, size }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('ReleaseAllocation' as const),
      now,
      vmId: vmIds,
      generation,
      reason: fc.constant('x'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('ResizeAllocation' as const),
      now,
      vmId: vmIds,
      from: generation,
      generation: generation.map((from) => from + 1),
      size,
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('DeclareCapacity' as const), now, capacity: size }) },
);

const proposalId = fc.constantFrom('p-1', 'p-2', 'p-3');
const ground = fc.constantFrom('tpm-failure' as const, 'ima-mismatch' as const, 'hardware-failure' as const);
const outcome = fc.constantFrom('upheld' as const, 'withdrawn' as const);
const reason = fc.constantFrom('new disks', 'a wrong list', '');

const command: fc.Arbitrary<MinerCommand> = fc.oneof(
  { weight: 9, arbitrary: allocation },
  fc.record({
    type: fc.constant('InviteMiner' as const),
    now,
    minerId: fc.constant(minerId),
    name: fc.constantFrom('miner-1', 'miner-1', 'miner-2', 'No Host'),
    joinTokenSha256: fc.constant(invited.joinTokenSha256),
    expiresAt: fc.constant(invited.expiresAt),
  }),
  fc.record({ type: fc.constant('EnrolMiner' as const), now, natsPublicKey: key, joinTokenSha256: digest }),
  fc.record({
    type: fc.constant('AttachMiner' as const),
    now,
    agentEpoch: fc.integer({ min: 1, max: 3 }),
    agentVersion: fc.constant(facts.agentVersion),
    hostBootId: fc.constantFrom('kernel-boot-1', 'kernel-boot-2'),
    accelerator: fc.constantFrom('tcg' as const, 'kvm' as const),
    platform: fc.constant(facts.platform),
    cpuModel: fc.constant(facts.cpuModel),
  }),
  fc.record({
    type: fc.constant('DeclareMinerLost' as const),
    now,
    lastSeenAt: fc.constant(noon),
    missedBeats: fc.nat({ max: 9 }),
  }),
  fc.record({ type: fc.constant('MarkMinerReturned' as const), now }),
  fc.record({
    type: fc.constant('DrainMiner' as const),
    now,
    reason: fc.constantFrom('new disks', 'new disks', ''),
    deadlineAt: fc.constantFrom(null, noon + 30_000),
  }),
  fc.record({ type: fc.constant('UndrainMiner' as const), now }),
  fc.record({ type: fc.constant('ReportHostChecks' as const), now, checks }),
  fc.record({
    type: fc.constant('NoteTrust' as const),
    now,
    tier: fc.constantFrom('affirming' as const, 'contraindicated' as const, 'none' as const),
    appraisalId: fc.constant('00000000-0000-4000-8000-000000000099'),
    appraisedAt: fc.constantFrom(noon, noon + 1_000),
  }),
  fc.oneof(
    fc.record({ type: fc.constant('ProposeSlashing' as const), now, proposalId, ground, appraisalId: proposalId }),
    fc.record({ type: fc.constant('AppealSlashing' as const), now, proposalId, reason }),
    fc.record({ type: fc.constant('DecideSlashing' as const), now, proposalId, outcome, reason }),
  ),
);

const move = movesOf<MinerState, MinerCommand>(command);
const allocated = { vmId, generation: 1, size: nano };

const reservedSum = (state: MinerState): Size =>
  [...(state?.allocations.values() ?? [])].reduce((sum, { size: held }) => addSize(sum, held), noSize);

const expectWithinCapacity = (history: readonly MinerEvent[]): void => {
  let state: MinerState = null;
  for (const event of history) {
    state = miner.evolve(state, event);
    if (event.type !== 'AllocationReserved' || state === null) continue;
    expect(state.reserved.vcpus).toBeLessThanOrEqual(state.capacity.vcpus);
    expect(state.reserved.memoryBytes).toBeLessThanOrEqual(state.capacity.memoryBytes);
    expect(state.reserved.diskBytes).toBeLessThanOrEqual(state.capacity.diskBytes);
  }
};

describe('the laws of a miner', () => {
  testDeciderLaws({
    decider: miner,
    move,
    samples: {
      MinerInvited: [invited, { ...invited, name: 'miner-2' }],
      MinerEnrolled: [enrolled],
      MinerAttached: [attached],
      CapacityDeclared: [{ type: 'CapacityDeclared', capacity: times(2, nano) }],
      AllocationReserved: [
        { type: 'AllocationReserved', ...allocated },
        { type: 'AllocationReserved', ...allocated, generation: 2, size: times(3, nano) },
      ],
      AllocationRefused: [
        { type: 'AllocationRefused', vmId, generation: 2, code: 'memory', free: noSize, wanted: nano },
      ],
      AllocationReleased: [
        { type: 'AllocationReleased', vmId, generation: 1, reason: 'x' },
        { type: 'AllocationReleased', vmId: uuid<VmId>(2), generation: 2, reason: 'x' },
      ],
      MinerLost: [{ type: 'MinerLost', lastSeenAt: noon, missedBeats: 6 }],
      MinerReturned: [{ type: 'MinerReturned' }],
      HostChecked: [
        { type: 'HostChecked', checks: [] },
        {
          type: 'HostChecked',
          checks: [
            { code: 'HCC-H001', name: 'accelerator', status: 'WARN', observed: 'TCG', wanted: 'KVM', fix: 'load it' },
          ],
        },
      ],
      MinerTrustChanged: [
        { type: 'MinerTrustChanged', tier: 'contraindicated', appraisalId: 'a', appraisedAt: noon },
        { type: 'MinerTrustChanged', tier: 'affirming', appraisalId: 'b', appraisedAt: noon + 1 },
      ],
      SlashingProposed: [
        {
          ...{ type: 'SlashingProposed', proposalId: 'p-1', ground: 'ima-mismatch', appraisalId: 'a' },
          needsCorroboration: true,
        },
        {
          ...{ type: 'SlashingProposed', proposalId: 'p-2', ground: 'tpm-failure', appraisalId: 'b' },
          needsCorroboration: false,
        },
      ],
      SlashingAppealed: [{ type: 'SlashingAppealed', proposalId: 'p-1', reason: 'a wrong list' }],
      SlashingDecided: [
        { type: 'SlashingDecided', proposalId: 'p-2', outcome: 'upheld', reason: 'its TPM lied' },
        { type: 'SlashingDecided', proposalId: 'p-1', outcome: 'withdrawn', reason: 'a wrong list' },
      ],
      MinerDrainStarted: [{ type: 'MinerDrainStarted', reason: 'new disks', deadlineAt: null }],
      MinerDrained: [{ type: 'MinerDrained' }],
      MinerUndrained: [{ type: 'MinerUndrained' }],
    },
  });

  test('given any commands / then a miner is drained exactly while it drains and holds nothing, and gets no new VM meanwhile', () =>
    fc.assert(
      fc.property(histories(move), (moves) => {
        for (const { before, after } of play(miner, moves)) {
          if (after?.drain) expect(after.drain.isDone).toBe(after.allocations.size === 0);
          if (before?.drain && after?.drain) {
            for (const held of after.allocations.keys()) expect(before.allocations.has(held)).toBe(true);
          }
        }
      }),
    ));

  test('given any commands / then a miner that is not eligible fits no size, and to one that is only room can be wanting', () =>
    fc.assert(
      fc.property(histories(move), size, (moves, wanted) => {
        for (const { after } of play(miner, moves)) {
          if (after === null) continue;
          const code = whyNoFit(placementCandidate(after), wanted);
          const isOfRoom = code === null || ['memory', 'vcpus', 'disk'].includes(code);
          expect([after, isOfRoom]).toEqual([after, eligibilityOf(after).eligible]);
        }
      }),
    ));

  test('given any commands / then nobody is slashed for a measurement list alone, and one proposal for each ground is open', () =>
    fc.assert(
      fc.property(histories(move), (moves) => {
        for (const { after } of play(miner, moves)) {
          const all = [...(after?.slashings.values() ?? [])];
          const open = all.filter(({ decision }) => decision === null).map((one) => one.ground);
          expect(new Set(open).size).toBe(open.length);
        }
        let state: MinerState = null;
        for (const event of play(miner, moves).flatMap(({ events }) => events)) {
          const all = [...(state?.slashings.values() ?? [])];
          if (event.type === 'SlashingDecided' && event.outcome === 'upheld') {
            expect(all.some((one) => !one.needsCorroboration && one.decision?.outcome !== 'withdrawn')).toBe(true);
          }
          state = miner.evolve(state, event);
        }
      }),
    ));

  test('given any commands / then what is reserved is the sum of the allocations, and within the capacity when it was reserved', () =>
    fc.assert(
      fc.property(histories(move), (moves) => {
        const steps = play(miner, moves);
        for (const { after } of steps) expect(after?.reserved ?? noSize).toEqual(reservedSum(after));
        expectWithinCapacity(steps.flatMap(({ events }) => events));
      }),
    ));

  test('given any commands of writers that interleave / when each appends at the revision it read / then no miner is over its capacity', () =>
    fc.assert(
      fc.property(
        fc.array(fc.array(allocation, { maxLength: 12, size: 'max' }), { minLength: 2, maxLength: 4, size: 'max' }),
        fc.infiniteStream(fc.nat({ max: 99 })),
        (queues, turns) => {
          const history = interleave([...readyMiner(4), declared(times(4, nano))], queues, turns);
          expectWithinCapacity(history);
          expect(fold(miner, history)?.reserved).toEqual(reservedSum(fold(miner, history)));
        },
      ),
    ));
});

type Writer = { readonly queue: MinerCommand[]; read: { revision: number; state: MinerState } | null };

/** Writers in any order of turns; a turn reads, or appends what it decided over what it read, if nobody was faster. */
const interleave = (
  start: readonly MinerEvent[],
  queues: readonly (readonly MinerCommand[])[],
  turns: Iterator<number>,
): readonly MinerEvent[] => {
  const log = [...start];
  let waiting: Writer[] = queues.map((queue) => ({ queue: [...queue], read: null }));
  for (;;) {
    waiting = waiting.filter(({ queue }) => queue.length > 0);
    const writer = waiting[(turns.next().value ?? 0) % Math.max(1, waiting.length)];
    const [next] = writer?.queue ?? [];
    if (writer === undefined || next === undefined) return log;
    if (writer.read === null) {
      writer.read = { revision: log.length, state: fold(miner, log) };
      continue;
    }
    const { revision, state } = writer.read;
    writer.read = null;
    // A conflict: it reads and decides again on its next turns.
    if (revision !== log.length) continue;
    log.push(...attempt(miner, state, next).events);
    writer.queue.shift();
  }
};
