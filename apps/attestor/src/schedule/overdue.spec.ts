import { expect, test } from 'vitest';
import type { MinerEvent } from '#domain';
import { aggregates, type EventId, type EventStore, isoTime, readWholeStream, streamName } from '#events';
import { openAttestor } from '../../../../test/attestor/attestor-world.ts';
import { type HonestHost, openHonestHost } from '../../../../test/attestor/honest-host.ts';
import { until } from '../../../../test/conformance/until.ts';
import { uuid } from '../../../../test/domain/samples.ts';

const host = await openHonestHost();
const [newMs, graceMs] = [120_000, 60_000];
const attached: MinerEvent = {
  ...{ type: 'MinerAttached', agentEpoch: 1, agentVersion: '1.0.0', hostBootId: uuid(9), accelerator: 'kvm' },
  ...{ platform: 'simulated', cpuModel: 'test' },
};

const noon = Date.UTC(2026, 10, 21, 12);
const tell = async (store: EventStore, { minerId }: HonestHost, event: MinerEvent, at: number): Promise<void> => {
  const stream = streamName('miner', minerId);
  const { length } = await readWholeStream(store, stream);
  const eventId = `00000000-0000-4000-9000-${String(length).padStart(12, '0')}` as EventId;
  const meta = { actor: 'process:test', correlationId: eventId, causationId: eventId, traceparent: null } as const;
  const encoded = { eventId, ...aggregates.miner.codec.encode(event), recordedAt: isoTime(at), ...meta };
  await store.append(stream, [encoded], BigInt(length - 1));
};

const awaiting = () => openAttestor({ hosts: [host], seed: (store: EventStore) => tell(store, host, attached, noon) });
type World = Awaited<ReturnType<typeof awaiting>>;

const overdues = async ({ store }: World) => {
  const events = await readWholeStream(store, streamName('appraisal', host.minerId));
  return events.filter(({ type }) => type === 'AttestationOverdue').map(({ data }) => data.dueAt);
};
/** Time goes on; what stands in the log is taken in. */
const pass = async (world: World, ms: number): Promise<void> => {
  for (let left = ms; left > 0; left -= 1_000) await world.clock.advance(Math.min(left, 1_000));
};

test('given a miner that never shows evidence / when its time and the grace are over / then that is said once, and it is reminded once', async () => {
  const world = await awaiting();
  await pass(world, newMs + graceMs - 1_000);
  expect(await overdues(world)).toEqual([]);
  await pass(world, 2_000);
  await until('it is said', async () => (await overdues(world)).length === 1);
  await pass(world, 10 * newMs);
  expect(await overdues(world)).toEqual([isoTime(noon + newMs)]);
  expect(world.reminded).toEqual([host.minerId]);
});

test('given a miner that shows evidence in time / then nothing is said until the next is due, and then it is about that one', async () => {
  const world = await awaiting();
  const { handlers } = world;
  const challenge = await handlers.challenge(host.minerId, { purpose: 'host-evidence', agentVersion: '1.0.0' });
  const { nextDueAt } = await handlers.evidence(host.minerId, { evidence: host.answer(challenge) });
  await pass(world, newMs + graceMs - 1_000);
  expect(await overdues(world)).toEqual([]);
  await pass(world, 2_000);
  await until('it is said', async () => (await overdues(world)).length === 1);
  expect(await overdues(world)).toEqual([isoTime(nextDueAt)]);
});

test('given a miner that is lost / then its evidence is not awaited; when it is back, it has the grace again', async () => {
  const world = await awaiting();
  await tell(world.store, host, { type: 'MinerLost', lastSeenAt: noon, missedBeats: 3 }, noon);
  await pass(world, 10 * newMs);
  expect(await overdues(world)).toEqual([]);
  await tell(world.store, host, { type: 'MinerReturned' }, world.clock.now());
  await pass(world, graceMs - 2_000);
  expect(await overdues(world)).toEqual([]);
  await pass(world, 4_000);
  await until('it is said', async () => (await overdues(world)).length === 1);
});

test('given attestors that were all away / when one comes back / then nobody is called late for that', async () => {
  const long = noon - 3_600_000;
  const world = await openAttestor({ hosts: [host], seed: (store: EventStore) => tell(store, host, attached, long) });
  await pass(world, graceMs - 2_000);
  expect(await overdues(world)).toEqual([]);
  await pass(world, 4_000);
  await until('it is said', async () => (await overdues(world)).length === 1);
});

test('given two attestors / when both see that evidence is late / then it is said once', async () => {
  const world = await awaiting();
  await world.another();
  await pass(world, newMs + graceMs + 5_000);
  await until('it is said', async () => (await overdues(world)).length === 1);
  await pass(world, 10_000);
  expect(await overdues(world)).toHaveLength(1);
});

test('given miners that attest / when one falls silent / then the age of the oldest good proof is told, and a lost one is not waited for', async () => {
  const proofAge = async ({ figures }: World): Promise<number> =>
    Number(/^hcc_attestation_proof_age_seconds (\S+)$/m.exec(await figures())?.[1]);
  const world = await awaiting();
  await pass(world, 30_000);
  expect(await proofAge(world), 'since its agent came').toBe(30);
  const challenge = await world.handlers.challenge(host.minerId, { purpose: 'host-evidence', agentVersion: '1.0.0' });
  await world.handlers.evidence(host.minerId, { evidence: host.answer(challenge) });
  await until('the proof is taken in', async () => (await proofAge(world)) === 0);
  await pass(world, 90_000);
  expect(await proofAge(world)).toBe(90);
  await tell(world.store, host, { type: 'MinerLost', lastSeenAt: noon, missedBeats: 3 }, world.clock.now());
  await until('it is lost', async () => (await proofAge(world)) === 0);
});
