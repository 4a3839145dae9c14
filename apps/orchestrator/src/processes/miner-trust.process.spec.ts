import { expect, test } from 'vitest';
import { eligibilityOf, fold, type HoldId } from '#domain';
import { aggregates, readWholeStream, streamName } from '#events';
import { createBench, roomFor } from '../../../../test/conformance/bench.ts';
import { describeProcess, runProcess, type Story } from '../../../../test/conformance/process.ts';
import { appraised } from '../../../../test/orchestrator/appraised.ts';
import { minerTrust } from './miner-trust.process.ts';
import { vmPlacement } from './vm-placement.process.ts';

const tiers = ['affirming', 'affirming', 'contraindicated', 'affirming'] as const;
const upAndDown: Story = async (bench, run) => {
  const minerId = await bench.miner(roomFor(1));
  for (const [n, tier] of tiers.entries()) await appraised(bench, minerId, { n: n + 1, tier });
  await run();
};

describeProcess(minerTrust, { 'up and down': upAndDown });

test('given verdicts / when one is another than before / then the miner is told, and only then', async () => {
  const bench = createBench();
  await upAndDown(bench, () => runProcess(minerTrust, bench));
  const told = (await bench.log()).filter(({ type }) => type === 'MinerTrustChanged').map(({ data }) => data.tier);
  expect(told).toEqual(['affirming', 'contraindicated', 'affirming']);
});

test('given a host that was contraindicated / then nothing is placed on it, and it says where to look', async () => {
  const bench = createBench();
  const minerId = await bench.miner(roomFor(1));
  await appraised(bench, minerId, { n: 1, tier: 'contraindicated' });
  await runProcess(minerTrust, bench);
  const { decider, codec } = aggregates.miner;
  const state = fold(decider, (await readWholeStream(bench.store, streamName('miner', minerId))).map(codec.decode));
  if (state === null) throw new Error('no miner');
  expect(eligibilityOf(state)).toMatchObject({
    eligible: false,
    code: 'distrusted',
    text: expect.stringContaining('hcc miner why'),
  });
  const vmId = await bench.request(await bench.account(100n));
  await bench.vm(vmId, { type: 'AdmitVm', holdId: bench.ids.uuid() as HoldId });
  await runProcess(vmPlacement, bench);
  expect((await bench.log()).at(-1)).toMatchObject({ type: 'VmPlacementFailed', data: { reasons: { distrusted: 1 } } });
});
