import { randomUUID } from 'node:crypto';
import { jetstreamManager } from '@nats-io/jetstream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createSystemClock } from '#adapters/system';
import { jetstreamStreams } from '#events';
import { newSpec, put } from '../../../../test/conformance/bus-messages.ts';
import { type NatsWorld, natsBinary, openNatsWorld } from '../../../../test/nats/nats-world.ts';
import { ensureTopology } from './ensure-topology.ts';

const binary = await natsBinary();

const openWorld = async (): Promise<NatsWorld> => {
  const world = await openNatsWorld(binary ?? '');
  onTestFinished(() => world.close());
  return world;
};

describe.skipIf(binary === null)('a put that was under way (needs nats-server 2.10 or newer)', () => {
  /** A put of a VM that is over when it comes to it; how often it had to look again. */
  const late = async (world: NatsWorld, meanwhile: () => Promise<void>): Promise<number> => {
    let folds = 0;
    const spec = newSpec();
    await world.orchestrator.putSpec(randomUUID(), spec.vmId, async () => {
      folds += 1;
      if (folds > 1) return null;
      await meanwhile();
      return spec;
    });
    return folds - 1;
  };

  test('given a server that lost its store, and as many puts as before, then nothing is put that was folded before it', async () => {
    const world = await openWorld();
    const minerId = randomUUID();
    for (let puts = 0; puts < 3; puts += 1) await put(world.orchestrator, minerId, newSpec());
    const again = await late(world, async () => {
      await world.crash({ loseStore: true });
      for (let puts = 0; puts < 3; puts += 1) await put(world.orchestrator, minerId, newSpec());
    });
    expect(again).toBe(1);
  });

  test('given a server that was killed after a whole life was put and purged, then it still knows that there was one', async () => {
    const world = await openWorld();
    const [minerId, spec] = [randomUUID(), newSpec()];
    const again = await late(world, async () => {
      await put(world.orchestrator, minerId, spec);
      await put(world.orchestrator, minerId, { ...spec, desired: 'absent', boot: null, specRevision: 9n });
      await world.orchestrator.purgeSpec(minerId, spec.vmId);
      await world.crash();
    });
    expect(again).toBe(1);
  });

  test('given replicas that all find WORK gone, then one makes it anew, and each finds it as it must be', async () => {
    const world = await openWorld();
    const steward = await world.raw(await world.serviceIdentity('orchestrator'), '_INBOX_orchestrator');
    const jsm = await jetstreamManager(steward);
    await jsm.streams.delete(jetstreamStreams.work);
    const clock = createSystemClock();
    const replicas = Array.from({ length: 8 }, (_, ahead) => ({ ...clock, now: () => clock.now() + ahead }));
    const { signal } = new AbortController();
    await Promise.all(replicas.map((replica) => ensureTopology(steward, { clock: replica, signal })));
    const { state } = await jsm.streams.info(jetstreamStreams.work);
    expect(state.last_seq).toBeGreaterThan(1_000 * (clock.now() - 60_000));
    await steward.close();
  });
});
