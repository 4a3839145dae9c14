import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { DesiredSpec } from '#domain';
import type { MinerBus } from '#events';
import type { BusWorld } from './bus.ts';
import { newSpec } from './bus-messages.ts';
import { until } from './until.ts';

/** What a miner was told, in the order it was told. */
const listen = async (bus: MinerBus): Promise<DesiredSpec[]> => {
  const heard: DesiredSpec[] = [];
  await bus.onSpec(async (spec) => {
    heard.push(spec);
    return 'ack';
  });
  return heard;
};

export const describeSpecs = (open: () => Promise<BusWorld>): void => {
  describe('desired specs', () => {
    test('given a listening miner, a spec that is put reaches it whole', async () => {
      const { orchestrator, miner, deliver } = await open();
      const minerId = randomUUID();
      await orchestrator.resetWork(minerId);
      const heard = await listen(await miner(minerId));
      const spec = newSpec({ specRevision: 9_007_199_254_740_993n });
      expect(await orchestrator.putSpec(minerId, spec)).toBe('put');
      await until('the spec arrives', () => heard.length > 0, deliver);
      expect(heard).toEqual([spec]);
    });

    test('a spec as new as the one on the bus, or older, is not put', async () => {
      const { orchestrator } = await open();
      const minerId = randomUUID();
      const spec = newSpec({ generation: 2, specRevision: 5n });
      expect(await orchestrator.putSpec(minerId, spec)).toBe('put');
      expect(await orchestrator.putSpec(minerId, spec)).toBe('not-older');
      expect(await orchestrator.putSpec(minerId, { ...spec, specRevision: 4n })).toBe('not-older');
      expect(await orchestrator.putSpec(minerId, { ...spec, generation: 1, specRevision: 9n })).toBe('not-older');
      expect(await orchestrator.putSpec(minerId, { ...spec, generation: 3, specRevision: 1n })).toBe('put');
    });

    test('two writers that race leave the newest spec', async () => {
      const { orchestrator, miner, deliver } = await open();
      const minerId = randomUUID();
      const spec = newSpec();
      const revisions = [7n, 3n, 12n, 5n, 12n, 9n];
      await Promise.all(revisions.map((specRevision) => orchestrator.putSpec(minerId, { ...spec, specRevision })));
      await orchestrator.resetWork(minerId);
      const heard = await listen(await miner(minerId));
      await until('a spec arrives', () => heard.length > 0, deliver);
      expect(heard.map(({ specRevision }) => specRevision)).toEqual([12n]);
    });

    test('given a miner that missed everything, when it listens, then it hears the last spec of each of its VMs', async () => {
      const { orchestrator, miner, deliver } = await open();
      const [minerId, other] = [randomUUID(), randomUUID()];
      const [first, second] = [newSpec(), newSpec()];
      for (let revision = 1n; revision <= 4n; revision += 1n) {
        await orchestrator.putSpec(minerId, { ...first, specRevision: revision });
        await orchestrator.putSpec(minerId, { ...second, specRevision: 10n * revision });
        await orchestrator.putSpec(other, newSpec());
      }
      await orchestrator.resetWork(minerId);
      const heard = await listen(await miner(minerId));
      await until('both arrive', () => heard.length >= 2, deliver);
      await deliver();
      expect(new Map(heard.map(({ vmId, specRevision }) => [vmId, specRevision]))).toEqual(
        new Map([
          [first.vmId, 4n],
          [second.vmId, 40n],
        ]),
      );
      expect(heard).toHaveLength(2);
    });

    test('after a reset, and after a sync, acknowledged specs are delivered again', async () => {
      const { orchestrator, miner, deliver } = await open();
      const minerId = randomUUID();
      await orchestrator.resetWork(minerId);
      await orchestrator.onAsk('sync', async (asker) => {
        await orchestrator.resetWork(asker);
        return { ok: true, text: '' };
      });
      const bus = await miner(minerId);
      const heard = await listen(bus);
      const spec = newSpec();
      await orchestrator.putSpec(minerId, spec);
      const more = async (than: number): Promise<number> => {
        await until(`heard more than ${than} times`, () => heard.length > than, deliver);
        await deliver();
        return heard.length;
      };
      const first = await more(0);
      await orchestrator.resetWork(minerId);
      const second = await more(first);
      await bus.sync();
      await more(second);
      expect(new Set(heard.map(({ specRevision }) => specRevision))).toEqual(new Set([spec.specRevision]));
    });

    test('a purged spec is not delivered any more, and an older one may be put after it', async () => {
      const { orchestrator, miner, deliver } = await open();
      const minerId = randomUUID();
      const [gone, kept] = [newSpec({ desired: 'absent', boot: null }), newSpec()];
      await orchestrator.putSpec(minerId, gone);
      await orchestrator.putSpec(minerId, kept);
      await orchestrator.purgeSpec(minerId, gone.vmId);
      await orchestrator.purgeSpec(minerId, gone.vmId);
      await orchestrator.resetWork(minerId);
      const heard = await listen(await miner(minerId));
      await until('the other arrives', () => heard.length > 0, deliver);
      await deliver();
      expect(heard).toEqual([kept]);
      expect(await orchestrator.putSpec(minerId, { ...gone, specRevision: 1n })).toBe('put');
    });

    test('a spec that is put off comes again, and so does one whose handler threw', async () => {
      const { orchestrator, miner, deliver } = await open();
      const minerId = randomUUID();
      await orchestrator.resetWork(minerId);
      let tries = 0;
      await (await miner(minerId)).onSpec(async () => {
        tries += 1;
        if (tries === 1) return { retryInMs: 50 };
        if (tries === 2) throw new Error('the disk is busy');
        return 'ack';
      });
      await orchestrator.putSpec(minerId, newSpec());
      await until('the third try', () => tries === 3, deliver);
    });

    test('specs of one VM are handled one after the other', async () => {
      const { orchestrator, miner, deliver } = await open();
      const minerId = randomUUID();
      await orchestrator.resetWork(minerId);
      let inside = 0;
      const seen: bigint[] = [];
      await (await miner(minerId)).onSpec(async ({ specRevision }) => {
        inside += 1;
        expect(inside).toBe(1);
        await new Promise(setImmediate);
        seen.push(specRevision);
        inside -= 1;
        return 'ack';
      });
      const spec = newSpec();
      for (let revision = 1n; revision <= 5n; revision += 1n) {
        await orchestrator.putSpec(minerId, { ...spec, specRevision: revision });
      }
      await until('the last arrives', () => seen.includes(5n), deliver);
      expect(seen).toEqual([...seen].sort((a, b) => Number(a - b)));
    });
  });
};
