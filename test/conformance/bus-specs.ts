import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { DesiredSpec } from '#domain';
import type { MinerBus } from '#events';
import type { BusWorld } from './bus.ts';
import { newSpec, put } from './bus-messages.ts';
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
      expect(await put(orchestrator, minerId, spec)).toBe('put');
      await until('the spec arrives', () => heard.length > 0, deliver);
      expect(heard).toEqual([spec]);
    });

    test('a spec as new as the one on the bus, or older, is not put', async () => {
      const { orchestrator } = await open();
      const minerId = randomUUID();
      const spec = newSpec({ generation: 2, specRevision: 5n });
      expect(await put(orchestrator, minerId, spec)).toBe('put');
      expect(await put(orchestrator, minerId, spec)).toBe('not-older');
      expect(await put(orchestrator, minerId, { ...spec, specRevision: 4n })).toBe('not-older');
      expect(await put(orchestrator, minerId, { ...spec, generation: 1, specRevision: 9n })).toBe('not-older');
      expect(await put(orchestrator, minerId, { ...spec, generation: 3, specRevision: 1n })).toBe('put');
    });

    test('two writers that race leave the newest spec', async () => {
      const { orchestrator, miner, deliver } = await open();
      const minerId = randomUUID();
      const spec = newSpec();
      const revisions = [7n, 3n, 12n, 5n, 12n, 9n];
      await Promise.all(revisions.map((specRevision) => put(orchestrator, minerId, { ...spec, specRevision })));
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
        await put(orchestrator, minerId, { ...first, specRevision: revision });
        await put(orchestrator, minerId, { ...second, specRevision: 10n * revision });
        await put(orchestrator, other, newSpec());
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
      await put(orchestrator, minerId, spec);
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
      await put(orchestrator, minerId, gone);
      await put(orchestrator, minerId, kept);
      await orchestrator.purgeSpec(minerId, gone.vmId);
      await orchestrator.purgeSpec(minerId, gone.vmId);
      await orchestrator.resetWork(minerId);
      const heard = await listen(await miner(minerId));
      await until('the other arrives', () => heard.length > 0, deliver);
      await deliver();
      expect(heard).toEqual([kept]);
      expect(await put(orchestrator, minerId, { ...gone, specRevision: 1n })).toBe('put');
    });

    test('what was folded before others put and purged a whole life is not put after it', async () => {
      const { orchestrator, miner, deliver } = await open();
      for (const isKnown of [false, true]) {
        const [minerId, spec] = [randomUUID(), newSpec()];
        if (isKnown) await put(orchestrator, minerId, { ...spec, specRevision: 1n });
        const folds: (DesiredSpec | null)[] = [spec, null];
        const slow = await orchestrator.putSpec(minerId, spec.vmId, async () => {
          if (folds.length === 2) {
            await put(orchestrator, minerId, spec);
            await put(orchestrator, minerId, { ...spec, desired: 'absent', boot: null, specRevision: 9n });
            await orchestrator.purgeSpec(minerId, spec.vmId);
          }
          return folds.shift() ?? null;
        });
        expect([slow, folds]).toEqual(['not-wanted', []]);
        await put(orchestrator, minerId, newSpec({ name: 'next' }));
        await orchestrator.resetWork(minerId);
        const heard = await listen(await miner(minerId));
        await until('another spec arrives', () => heard.length > 0, deliver);
        await deliver();
        expect(heard.map(({ name }) => name)).toEqual(['next']);
      }
    });

    test("a fold that wants nothing, or fails, puts nothing; one of another VM meanwhile is in nobody's way", async () => {
      const { orchestrator } = await open();
      const [minerId, spec] = [randomUUID(), newSpec()];
      const fails = async () => {
        throw new Error('the store is away');
      };
      expect(await orchestrator.putSpec(minerId, spec.vmId, async () => null)).toBe('not-wanted');
      await expect(orchestrator.putSpec(minerId, spec.vmId, fails)).rejects.toThrow('the store is away');
      let folds = 0;
      const among = await orchestrator.putSpec(minerId, spec.vmId, async () => {
        folds += 1;
        if (folds < 3) await put(orchestrator, minerId, newSpec());
        return spec;
      });
      expect(among).toBe('put');
      expect(await put(orchestrator, minerId, spec)).toBe('not-older');
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
      await put(orchestrator, minerId, newSpec());
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
        await put(orchestrator, minerId, { ...spec, specRevision: revision });
      }
      await until('the last arrives', () => seen.includes(5n), deliver);
      expect(seen).toEqual([...seen].sort((a, b) => Number(a - b)));
    });
  });
};
