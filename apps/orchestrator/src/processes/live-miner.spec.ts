import { expect, test } from 'vitest';
import { type Miner, type MinerEvent, miner, placementCandidate } from '#domain';
import { aggregates } from '#events';
import { createBench, roomFor } from '../../../../test/conformance/bench.ts';
import { liveMiner } from './live-miner.ts';

test('given VMs that came and went, then a live miner offers what its own stream offers, and remembers none of them', async () => {
  const bench = createBench();
  const accountId = await bench.account(100_000n);
  const minerId = await bench.miner(roomFor(4));
  for (let life = 0; life < 3; life += 1) {
    const vmId = await bench.placed(accountId, minerId);
    await bench.onMiner(minerId, { type: 'ReleaseAllocation', vmId, generation: 1, reason: 'terminated' });
  }
  await bench.placed(accountId, minerId);
  const events: readonly MinerEvent[] = (await bench.log())
    .filter(({ stream }) => stream === `miner-${minerId}`)
    .map((recorded) => aggregates.miner.codec.decode(recorded));
  const own = events.reduce<Miner | null>(miner.evolve, null);
  const live = events.reduce<Miner | null>(liveMiner, null);
  if (own === null || live === null) throw new Error('there is no miner');
  expect([own.settled.size, live.settled.size]).toEqual([3, 0]);
  expect(placementCandidate(live)).toEqual(placementCandidate(own));
});
