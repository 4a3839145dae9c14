import { describe, expect, test } from 'vitest';
import type { MinerId } from '#domain';
import { createConsumer } from '#events';
import { createBench, hostFacts, roomFor } from '../../../../test/conformance/bench.ts';
import { ephemeralSink } from '../processes/ephemeral-sink.ts';
import { beatIntervalMs, silenceMaxMs } from './beats.ts';
import { attachedMiners, createMinerWatch } from './miner-watch.ts';

const given = async (miners: number) => {
  const bench = createBench();
  const minerIds: MinerId[] = [];
  for (let index = 0; index < miners; index += 1) minerIds.push(await bench.miner(roomFor(1)));
  const { store, clock } = bench;
  const sink = ephemeralSink(attachedMiners, bench);
  const consumer = createConsumer({ name: 'miner-watch', store, clock, sink, log: () => undefined });
  await consumer.runOnce();
  let connectedSince: number | null = clock.now();
  const alerts: string[] = [];
  const log = (level: string, message: string) => void alerts.push(`${level}: ${message}`);
  const bus = { connectedSince: () => connectedSince };
  const watch = createMinerWatch({ store, clock, bus, attached: sink.state, log });
  const look = async () => {
    await watch.look();
    while ((await consumer.runOnce()) > 0);
  };
  /** Time passes in beats; those given beat, the others are silent. */
  const pass = async (ms: number, beating: readonly MinerId[]) => {
    for (let passed = 0; passed < ms; passed += beatIntervalMs) {
      clock.pass(beatIntervalMs);
      for (const minerId of beating) watch.beat(minerId, clock.now());
      await look();
    }
  };
  const said = async (minerId: MinerId) =>
    (await bench.types(`miner-${minerId}`)).filter((type) => type === 'MinerLost' || type === 'MinerReturned');
  const connect = (at: number | null): void => {
    connectedSince = at;
  };
  return { bench, minerIds, watch, pass, said, alerts, connect };
};

describe('the miner watch', () => {
  test('given four miners, when one falls silent, then it is lost once, and returns with its first beats', async () => {
    const { minerIds, pass, said } = await given(4);
    const [silent, ...others] = minerIds;
    if (silent === undefined) throw new Error('no miner');
    await pass(silenceMaxMs, others);
    expect(await said(silent)).toEqual([]);
    await pass(2 * silenceMaxMs, others);
    expect(await said(silent)).toEqual(['MinerLost']);
    await pass(beatIntervalMs, minerIds);
    expect(await said(silent)).toEqual(['MinerLost', 'MinerReturned']);
    await pass(2 * silenceMaxMs, others);
    expect(await said(silent)).toEqual(['MinerLost', 'MinerReturned', 'MinerLost']);
  });

  test('given all fall silent together, then people are called and nobody is lost', async () => {
    const { minerIds, pass, said, alerts } = await given(3);
    await pass(2 * silenceMaxMs, []);
    for (const minerId of minerIds) expect(await said(minerId)).toEqual([]);
    expect(alerts.at(-1)).toMatch(/^error: miners silent together/);
  });

  test('given our own connection was away, when it is back, then silence counts from then', async () => {
    const { bench, minerIds, pass, said, connect } = await given(4);
    const [silent, ...others] = minerIds;
    if (silent === undefined) throw new Error('no miner');
    connect(null);
    await pass(3 * silenceMaxMs, []);
    connect(bench.clock.now());
    await pass(silenceMaxMs, others);
    expect(await said(silent)).toEqual([]);
    await pass(beatIntervalMs, others);
    expect(await said(silent)).toEqual(['MinerLost']);
  });

  test('given a miner that attaches long after we began to listen, then its silence counts from there', async () => {
    const { bench, minerIds, pass, said } = await given(3);
    await pass(2 * silenceMaxMs, minerIds);
    const late = await bench.miner(roomFor(1));
    await pass(silenceMaxMs, minerIds);
    expect(await said(late)).toEqual([]);
    await pass(2 * beatIntervalMs, minerIds);
    expect(await said(late)).toEqual(['MinerLost']);
  });

  test('given a stranger beats, then nothing is kept of it', async () => {
    const { watch } = await given(1);
    watch.beat('nobody', 1);
    expect(watch.lastSeenAt('nobody')).toBeNull();
  });

  test('given a miner attaches again while it is lost, then it stays lost until it beats', async () => {
    const { bench, minerIds, pass, said } = await given(4);
    const [silent, ...others] = minerIds;
    if (silent === undefined) throw new Error('no miner');
    await pass(2 * silenceMaxMs, others);
    await bench.onMiner(silent, { type: 'AttachMiner', ...hostFacts, agentEpoch: 2 });
    await pass(silenceMaxMs, others);
    expect(await said(silent)).toEqual(['MinerLost']);
  });
});
