import { expect, test } from 'vitest';
import { createBench, roomFor } from '../../../../test/conformance/bench.ts';
import { describeProcess, runProcess, type Story } from '../../../../test/conformance/process.ts';
import { appraised, enrolledKey } from '../../../../test/orchestrator/appraised.ts';
import { deviceClaims } from './device-claims.process.ts';

const chipId = 'ab'.repeat(32);
const ek = 'c'.repeat(64);

const twoMiners: Story = async (bench, run) => {
  const [one, other] = [await bench.miner(roomFor(1)), await bench.miner(roomFor(1))];
  await enrolledKey(bench, one, ek);
  await appraised(bench, one, { n: 1, chipId });
  await run();
  await enrolledKey(bench, other, ek);
  await appraised(bench, other, { n: 2, chipId });
  await run();
};

describeProcess(deviceClaims, { 'two miners show one chip and one TPM': twoMiners });

const devicesOf = async (story: Story) => {
  const bench = createBench();
  await story(bench, () => runProcess(deviceClaims, bench));
  return (await bench.log()).filter(({ stream }) => stream.startsWith('device-'));
};

test('given a chip and a TPM that count for a miner / when another shows them / then it is refused by name, on both', async () => {
  const events = await devicesOf(twoMiners);
  const of = (kind: string) => events.filter(({ data }) => data.deviceKind === kind).map(({ type }) => type);
  expect([of('tpm'), of('chip')]).toEqual([
    ['DeviceClaimed', 'DeviceClaimRefused'],
    ['DeviceClaimed', 'DeviceClaimRefused'],
  ]);
  const refused = events.filter(({ type }) => type === 'DeviceClaimRefused');
  for (const { data } of refused) expect(data.heldBy).toBe(events[0]?.data.minerId);
});

test('given a report that did not verify / when it names a chip / then nobody claims it', async () => {
  const groups = { hardware: 'contraindicated', launch: 'none', tpm: 'none', ima: 'none', identity: 'none' } as const;
  const events = await devicesOf(async (bench, run) => {
    await appraised(bench, await bench.miner(roomFor(1)), { n: 1, chipId, tier: 'contraindicated', groups });
    await run();
  });
  expect(events).toEqual([]);
});
