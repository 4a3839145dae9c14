import { describe, expect, it } from 'vitest';
import { standardReputation } from '#domain';
import { createBench, roomFor } from '../../../test/conformance/bench.ts';
import { appraised } from '../../../test/orchestrator/appraised.ts';
import { aggregates } from './aggregates.ts';
import { handle } from './handle.ts';
import { createReputations } from './reputations.ts';

const { neutral, losses } = standardReputation;
const failed = {
  tier: 'contraindicated' as const,
  groups: {
    ...({ hardware: 'affirming', launch: 'affirming', tpm: 'contraindicated' } as const),
    ...({ ima: 'affirming', identity: 'affirming' } as const),
  },
};

describe('reputations', () => {
  it('one more event of a miner or of its attester moves its score, and the same events again do not', async () => {
    const bench = createBench();
    const minerId = await bench.miner(roomFor(1));
    await appraised(bench, minerId, { n: 1, ...failed });
    const reputations = createReputations();
    const log = await bench.log();
    for (const event of [...log, ...log]) reputations.apply(event);
    expect(reputations.scoreOf(minerId, bench.clock.now())).toBe(neutral - losses.tpm);
    expect(reputations.of(minerId)?.losses).toEqual([
      expect.objectContaining({ code: 'tpm', stream: `appraisal-${minerId}`, revision: 0n }),
    ]);
    expect(reputations.scoreOf('nobody', bench.clock.now())).toBe(0);
    expect([...reputations.scores(bench.clock.now()).keys()]).toEqual([minerId]);
  });

  it('a new policy holds for what comes after it, and a document that is none changes nothing', async () => {
    const bench = createBench();
    const [first, second] = [await bench.miner(roomFor(1)), await bench.miner(roomFor(1))];
    const publish = async (n: number, document: Readonly<Record<string, unknown>>) => {
      const meta = {
        commandId: `p-${n}`,
        actor: 'operator:x',
        correlationId: 'x',
        causationId: 'x',
        traceparent: null,
      } as const;
      const command = {
        type: 'PublishPolicy',
        name: 'reputation',
        sha256: `${n}`.padStart(64, '0'),
        document,
      } as const;
      const rest = { reason: 'x', follows: null, now: bench.clock.now() };
      await handle(bench, aggregates.policy, 'reputation', { ...command, ...rest }, meta);
    };
    await appraised(bench, first, { n: 1, ...failed });
    await publish(1, { ...standardReputation, losses: { ...losses, tpm: 7 } });
    await publish(2, { neutral: 'high' });
    await appraised(bench, second, { n: 2, ...failed });
    const reputations = createReputations();
    for (const event of await bench.log()) reputations.apply(event);
    expect(reputations.rules().version).toBe(1);
    expect(reputations.of(first)?.score).toBe(neutral - losses.tpm);
    expect(reputations.of(second)).toMatchObject({ score: neutral - 7, losses: [{ policyVersion: 1 }] });
  });
});
