import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createSeededIds } from '#adapters/memory';
import { type Bench, createBench, roomFor } from '../../../../test/conformance/bench.ts';
import { foundNetwork, type NetworkTerms } from './found-network.ts';

const key = generateKeyPairSync('ed25519').privateKey;
const terms: NetworkTerms = { name: 'dev', kind: 'simulated', key, simulatedRootSha256: 'ab'.repeat(32) };

/** A start of one replica, with randomness of its own. */
const start = ({ store, clock }: Bench, replica: string, over: Partial<NetworkTerms> = {}) =>
  foundNetwork({ store, clock, ids: createSeededIds(replica) }, { ...terms, ...over });

describe('what a network is', () => {
  test('given an empty log / when two starts follow each other / then it is founded once, first of all, and both know its id', async () => {
    const bench = createBench();
    const first = await start(bench, 'a');
    expect(await start(bench, 'b')).toEqual(first);
    const log = await bench.log();
    expect(log.map(({ stream, type }) => [stream, type])).toEqual([['network-main', 'NetworkFounded']]);
    expect(first.networkPublicKey).toBe(
      createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64'),
    );
  });

  test('given an empty log / when two replicas start at once / then one founds it and both are of it', async () => {
    const bench = createBench();
    const [one, other] = await Promise.all([start(bench, 'a'), start(bench, 'b')]);
    expect(one).toEqual(other);
    expect(await bench.types('network-main')).toEqual(['NetworkFounded']);
  });

  test('given a log that began before networks were named / when it starts / then it is told, after what is there', async () => {
    const bench = createBench();
    const minerId = await bench.miner(roomFor(1));
    const before = (await bench.log()).length;
    await start(bench, 'a');
    const log = await bench.log();
    expect(log.slice(before).map(({ stream }) => stream)).toEqual(['network-main']);
    expect(log.slice(0, before).every(({ stream }) => stream === `miner-${minerId}`)).toBe(true);
  });

  test.each<[string, Partial<NetworkTerms>]>([
    ['name', { name: 'prod' }],
    ['kind', { kind: 'production', simulatedRootSha256: null }],
    ['networkPublicKey', { key: generateKeyPairSync('ed25519').privateKey }],
    ['simulatedRootSha256', { simulatedRootSha256: 'cd'.repeat(32) }],
  ])(
    'given a network / when a start brings another %s / then it is refused by that name, and nothing is said',
    async (field, over) => {
      const bench = createBench();
      await start(bench, 'a');
      await expect(start(bench, 'b', over)).rejects.toMatchObject({
        ...{ code: 'network-exists-with-other-content', message: expect.stringContaining(`founded with ${field} `) },
      });
      expect(await bench.log()).toHaveLength(1);
    },
  );

  test('given a network / when a start is refused / then the private key is in neither its words nor the log', async () => {
    const bench = createBench();
    await start(bench, 'a');
    const other = generateKeyPairSync('ed25519').privateKey;
    const refusal = await start(bench, 'b', { key: other }).catch(String);
    const said = `${refusal} ${JSON.stringify((await bench.log()).map(({ data }) => data))}`;
    for (const one of [key, other]) expect(said).not.toContain(one.export({ format: 'jwk' }).d ?? '?');
  });
});
