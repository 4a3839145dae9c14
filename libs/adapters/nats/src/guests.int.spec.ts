import { randomUUID } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BusUnavailable, type GuestHandlers, GuestRefused, type ReleaseRequest, subjects } from '#events';
import { type NatsWorld, natsBinary, openNatsWorld } from '../../../../test/nats/nats-world.ts';

const binary = await natsBinary();

const openWorld = async (): Promise<NatsWorld> => {
  const world = await openNatsWorld(binary ?? '');
  onTestFinished(() => world.close());
  return world;
};

const request = (): ReleaseRequest => ({ vmId: randomUUID(), result: 'a.b.c', guestKey: 'AAAA', nonce: 'AAAA' });

const handlers = (given: Partial<GuestHandlers> = {}): GuestHandlers => ({
  release: async (minerId, { vmId }) => ({ message: `for ${vmId} on ${minerId}` }),
  confirm: async () => ({ message: 'go on' }),
  ...given,
});

describe.skipIf(binary === null)('what guests ask, on a real nats-server (needs nats-server 2.10 or newer)', () => {
  test('given two miners that ask for guests, then each answer comes back to its miner', async () => {
    const world = await openWorld();
    await world.orchestrator.guests.serve(handlers());
    const miners = [randomUUID(), randomUUID()];
    const asked = await Promise.all(
      miners.map(async (minerId) => {
        const ask = request();
        const { message } = await (await world.miner(minerId)).guests.ask('release', ask);
        return message === `for ${ask.vmId} on ${minerId}`;
      }),
    );
    expect(asked).toEqual([true, true]);
  });

  test('given a refusal, then code, words and when to ask again arrive; given our own fault, then nothing of it does', async () => {
    const world = await openWorld();
    const miner = await world.miner(randomUUID());
    await expect(miner.guests.ask('release', request())).rejects.toThrow(BusUnavailable);
    await world.orchestrator.guests.serve(
      handlers({
        release: () => Promise.reject(new GuestRefused('boot-not-current', 'another boot is the present one', null)),
        confirm: () => Promise.reject(new Error('a key in an error')),
      }),
    );
    await expect(miner.guests.ask('release', request())).rejects.toMatchObject({
      ...{
        name: 'GuestRefused',
        code: 'boot-not-current',
        message: 'another boot is the present one',
        retryInMs: null,
      },
    });
    const boot = { sshHostKey: 'ssh-ed25519 AAAA', headerSha256: '0'.repeat(64), counter: 1 };
    const { vmId, result, nonce } = request();
    const failed = await miner.guests.ask('confirm', { vmId, result, nonce, boot }).catch((error: unknown) => error);
    expect(failed).toMatchObject({ name: 'GuestRefused', code: 'unavailable' });
    expect(String(failed)).not.toContain('a key in an error');
  });

  test('given bytes that are no request, then they are refused as malformed and nobody handles them', async () => {
    const world = await openWorld();
    const handled: string[] = [];
    const release: GuestHandlers['release'] = async (minerId) => {
      handled.push(minerId);
      return { message: 'x' };
    };
    await world.orchestrator.guests.serve(handlers({ release }));
    const minerId = randomUUID();
    const raw = await world.raw(await world.minerIdentity(minerId), `_INBOX_${minerId}`);
    for (const body of ['', 'hello', '{}', JSON.stringify({ ...request(), more: 1 })]) {
      const answer = await raw.request(subjects.guest(minerId, 'release'), body, { timeout: 5_000 });
      expect(answer.json()).toMatchObject({ ok: false, code: 'malformed' });
    }
    expect(handled).toEqual([]);
  });
});
