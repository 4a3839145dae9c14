import { randomUUID } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectMinerBus, createUserKey, issueMinerJwt } from '#adapters/nats';
import { createSystemClock } from '#adapters/system';
import { BusUnavailable } from '#events';
import { newReport } from '../../../../test/conformance/bus-messages.ts';
import { until } from '../../../../test/conformance/until.ts';
import { natsBinary, openNatsWorld } from '../../../../test/nats/nats-world.ts';

const binary = await natsBinary();

const openScene = async () => {
  const world = await openNatsWorld(binary ?? '');
  onTestFinished(() => world.close());
  return { world, minerId: randomUUID() };
};

describe.skipIf(binary === null)('credentials (needs nats-server 2.10 or newer)', () => {
  test('nobody connects without credentials, with expired ones, or with those of another network', async () => {
    const { world, minerId } = await openScene();
    const stranger = await openNatsWorld(binary ?? '');
    onTestFinished(() => stranger.close());
    await expect(world.raw(null)).rejects.toThrow(/[Aa]uthorization/);
    const expired = await world.minerIdentity(minerId, Date.parse('2026-01-01T00:00:00Z'));
    await expect(world.raw(expired)).rejects.toThrow(/[Aa]uth/);
    await expect(world.raw(await stranger.minerIdentity(minerId))).rejects.toThrow(/[Aa]uth/);
    const stolen = { jwt: (await world.minerIdentity(minerId)).jwt, seed: createUserKey().seed };
    await expect(world.raw(stolen)).rejects.toThrow(/[Aa]uth/);
  });

  test('a bus with refused credentials says so, and that they must be renewed', async () => {
    const { world, minerId } = await openScene();
    const identity = await world.minerIdentity(minerId, Date.parse('2026-01-01T00:00:00Z'));
    const connecting = connectMinerBus({
      servers: [world.server().url],
      minerId,
      credentials: () => identity,
      clock: createSystemClock(),
      log: () => undefined,
    });
    await expect(connecting).rejects.toThrow(BusUnavailable);
    await expect(connecting).rejects.toThrow(/refused the credentials of miner .* renew/);
  });

  test('given credentials that expire while connected, when they are renewed, then the bus goes on by itself', async () => {
    const { world, minerId } = await openScene();
    const clock = createSystemClock();
    const { publicKey, seed } = createUserKey();
    const issue = (expiresAt: number) =>
      issueMinerJwt(world.operator, { minerId, userPublicKey: publicKey, expiresAt });
    let jwt = await issue(clock.now() + 2_000);
    const statuses: string[] = [];
    const bus = await connectMinerBus({
      servers: [world.server().url],
      minerId,
      credentials: () => ({ jwt, seed }),
      clock,
      log: () => undefined,
      onStatus: ({ type }) => statuses.push(type),
    });
    onTestFinished(bus.close);
    await until('they expire', () => statuses.includes('credentials-expired'));
    jwt = await issue(clock.now() + 60_000);
    await until('it is connected again', () => statuses.at(-1) === 'connected');
    await bus.report(newReport());
  });
});
