import { expect, test } from 'vitest';
import type { GroupTiers, MinerId } from '#domain';
import { aggregates, handle, isoTime } from '#events';
import { type Bench, createBench, roomFor } from '../../../../test/conformance/bench.ts';
import { describeProcess, runProcess, type Story } from '../../../../test/conformance/process.ts';
import { appraised } from '../../../../test/orchestrator/appraised.ts';
import { slashing } from './slashing.process.ts';

const good: GroupTiers = {
  ...{ hardware: 'affirming', launch: 'affirming', tpm: 'affirming', ima: 'affirming', identity: 'affirming' },
};
const failed = (...groups: readonly (keyof GroupTiers)[]) => ({
  tier: 'contraindicated' as const,
  groups: { ...good, ...Object.fromEntries(groups.map((group) => [group, 'contraindicated'])) },
});

const proposed = async (bench: Bench): Promise<readonly unknown[]> =>
  (await bench.log()).filter(({ type }) => type === 'SlashingProposed').map(({ data }) => data.ground);

const shows = async (bench: Bench, minerId: MinerId, ...rounds: readonly (readonly (keyof GroupTiers)[])[]) => {
  for (const [n, groups] of rounds.entries()) {
    await appraised(bench, minerId, { n: n + 1, ...(groups.length === 0 ? {} : failed(...groups)) });
  }
};

/** What the process proposes when a miner shows this, round by round. */
const after = async (...rounds: readonly (readonly (keyof GroupTiers)[])[]) => {
  const bench = createBench();
  await shows(bench, await bench.miner(roomFor(1)), ...rounds);
  await runProcess(slashing, bench);
  return proposed(bench);
};

const tampered: Story = async (bench, run) => {
  await shows(bench, await bench.miner(roomFor(1)), [], ['ima'], ['ima'], ['tpm', 'ima'], []);
  await run();
};

describeProcess(slashing, { tampered });

test('given a TPM that fails / then slashing is proposed at once', async () => {
  expect(await after(['tpm'])).toEqual(['tpm-failure']);
});

test('given a list that does not match / then only the re-check that finds it again proposes, and once', async () => {
  expect(await after(['ima'])).toEqual([]);
  expect(await after(['ima'], [], ['ima'])).toEqual([]);
  expect(await after(['ima'], ['ima'], ['ima'])).toEqual(['ima-mismatch']);
});

test('given evidence that fails on who it belongs to / then nothing is proposed', async () => {
  expect(await after(['identity'], ['identity'])).toEqual([]);
});

test('given two releases side by side / then no list is a ground until one of them is left, and a TPM is one all the time', async () => {
  const bench = createBench();
  const minerId = await bench.miner(roomFor(1));
  const publish = async (version: number, releases: readonly string[]) => {
    const document = {
      referenceValues: { agentBundles: releases.map((release) => ({ version: release, files: [] })) },
    };
    const commandId = `publish-${version}`;
    const meta = {
      commandId,
      actor: 'operator:x',
      correlationId: commandId,
      causationId: commandId,
      traceparent: null,
    };
    const sha256 = `${version}`.padStart(64, '0');
    const command = { type: 'PublishPolicy', name: 'host-attestation', sha256, document, reason: 'x', follows: null };
    await handle(
      bench,
      aggregates.policy,
      'host-attestation',
      { ...command, type: 'PublishPolicy', now: bench.clock.now() },
      { ...meta, actor: 'operator:x' },
    );
  };
  await publish(1, ['1', '2']);
  await shows(bench, minerId, ['ima'], ['ima']);
  await runProcess(slashing, bench);
  expect(await proposed(bench)).toEqual([]);
  await publish(2, ['2']);
  await appraised(bench, minerId, { n: 9, ...failed('ima') });
  await runProcess(slashing, bench);
  expect(await proposed(bench), isoTime(bench.clock.now())).toEqual(['ima-mismatch']);
  await publish(3, ['2', '3']);
  await appraised(bench, minerId, { n: 10, ...failed('tpm', 'ima') });
  await runProcess(slashing, bench);
  expect(await proposed(bench)).toEqual(['ima-mismatch', 'tpm-failure']);
});
