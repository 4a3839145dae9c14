import { describe, expect, test } from 'vitest';
import { AttestationRefused, BusUnavailable, GuestRefused } from '#events';
import { limits } from '../limits.ts';
import {
  askForChallenge,
  askForLeave,
  askForRelease,
  bootSpec,
  challenge,
  meet,
  sshHostKey,
  vmId,
} from './meet.fixture.ts';

describe('a sealed guest and its host', () => {
  test('given a guest that says hello / when it asks its way through a boot / then its VM’s id is added, and nothing else', async () => {
    const { guest, asked } = await meet();
    guest.say({ type: 'hello', agentVersion: '1.0.0' });
    expect(await guest.next()).toEqual({ version: 1, type: 'boot', bootSpec });
    guest.say(askForChallenge);
    expect(await guest.next()).toEqual({ version: 1, type: 'answer', exchange: 1, body: JSON.stringify(challenge) });
    guest.say(askForRelease);
    const signed = JSON.stringify({ message: 'signed by the network' });
    expect(await guest.next()).toEqual({ version: 1, type: 'answer', exchange: 2, body: signed });
    expect(asked).toEqual([
      { what: 'guest-challenge', message: { vmId, purpose: 'vm-key' } },
      { what: 'release', message: { vmId, result: 'a.b.c', guestKey: 'AAAA', nonce: 'AAAA' } },
    ]);
  });

  test('given a guest on its way through a boot / when its leave to start was passed on / then it asks no more, whatever it repeats', async () => {
    const { guest, host } = await meet();
    expect(host.isAsking(), 'nothing was heard yet').toBe(false);
    guest.say(askForRelease);
    await guest.next();
    expect(host.isAsking(), 'a key alone starts nothing').toBe(true);
    guest.say(askForLeave);
    await guest.next();
    expect(host.isAsking()).toBe(false);
    guest.say({ ...askForLeave, exchange: 4 });
    guest.say({ type: 'stage', name: 'pivot', atMs: 9_000 });
    await guest.next();
    expect(host.isAsking()).toBe(false);
  });

  test.each([
    ['another VM’s id', { body: `{"purpose":"vm-key","vmId":"${vmId}"}` }, 'ask-malformed'],
    ['a field nobody knows', { body: '{"purpose":"vm-key","more":1}' }, 'ask-malformed'],
    ['no object', { body: '[1]' }, 'ask-malformed'],
    ['no JSON', { body: '{,}' }, 'ask-malformed'],
    ['another protocol’s body', { what: 'confirm' }, 'ask-malformed'],
  ])(
    'given a request with %s / when it is passed on / then it is refused for good and nobody is asked',
    async (_what, change, code) => {
      const { guest, asked, said } = await meet();
      guest.say({ ...askForChallenge, ...change });
      expect(await guest.next()).toMatchObject({ type: 'refused', exchange: 1, code, retryInMs: null });
      expect(asked).toEqual([]);
      expect(said).toEqual([]);
    },
  );

  test.each([
    [
      new AttestationRefused('nonce-used', 'used before', null),
      { code: 'nonce-used', words: 'used before', retryInMs: null },
    ],
    [new GuestRefused('consent-needed', 'ask its owner', 3_000), { code: 'consent-needed', retryInMs: 3_000 }],
    [new GuestRefused('NOT_kebab', '', 86_400_000), { code: 'not-kebab', words: 'no words', retryInMs: 600_000 }],
    [new BusUnavailable('nobody answers'), { code: 'bus-unavailable', retryInMs: limits.guestRetryMs }],
    [new TypeError('oops'), { code: 'host-failed', retryInMs: limits.guestRetryMs }],
  ])(
    'given a "no" (%s) / when it is passed on / then the guest hears code, words and when to ask again',
    async (error, heard) => {
      const { guest, logged } = await meet({ answer: () => Promise.reject(error) });
      guest.say(askForRelease);
      expect(await guest.next()).toMatchObject({ type: 'refused', exchange: 2, ...heard });
      expect(logged.join('\n')).toContain('a guest is refused');
      expect(logged.join('\n'), 'no log holds a body').not.toContain('a.b.c');
    },
  );

  test('given a network that is away / when a guest asks on / then it is told to come later and later, and at once when there is one', async () => {
    const { guest, desk, network, asked } = await meet({ isConnected: false });
    const pauses: unknown[] = [];
    for (let exchange = 1; exchange <= 3; exchange += 1) {
      guest.say({ ...askForChallenge, exchange });
      pauses.push(await guest.next());
    }
    expect(pauses).toMatchObject([1, 2, 4].map((factor) => ({ code: 'bus-unavailable', retryInMs: factor * 1_000 })));
    desk.connect(network);
    guest.say({ ...askForChallenge, exchange: 4 });
    expect(await guest.next()).toMatchObject({ type: 'answer', exchange: 4 });
    expect(asked).toHaveLength(1);
  });

  test('given a question that is being answered / when it is repeated / then it is passed on once', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { guest, asked } = await meet({ answer: () => promise });
    for (let times = 0; times < 3; times += 1) guest.say(askForChallenge);
    guest.say({ ...askForRelease, exchange: 3 });
    await expect.poll(() => asked.length).toBe(2);
    resolve();
    const answered = [await guest.next(), await guest.next()].map((heard) => 'exchange' in heard && heard.exchange);
    expect(answered.sort()).toEqual([1, 3]);
    expect(guest.heard).toEqual([]);
  });

  test('given a guest that asks without end / when it has used its share / then it is refused here, and the network hears no more', async () => {
    const { guest, asked } = await meet();
    const tries = 40;
    for (let exchange = 1; exchange <= tries; exchange += 1) {
      guest.say({ ...askForChallenge, exchange });
      await guest.next().then((heard) => {
        if (heard.type === 'refused')
          expect(heard).toMatchObject({ code: 'throttled', retryInMs: limits.guestRetryMs });
      });
    }
    expect(asked.length).toBeGreaterThanOrEqual(limits.guestAskBurst);
    expect(asked.length, 'and a few that were earned meanwhile').toBeLessThan(limits.guestAskBurst + 10);
  });

  test('given its way through a boot / when the guest tells it / then ready is heard with its keys, stages are logged once, last words are kept printable', async () => {
    const { guest, said, logged } = await meet();
    for (const name of ['opening', 'opening', 'unlocked']) guest.say({ type: 'stage', name, atMs: 7 });
    guest.say({ type: 'ready', sshHostKey, keysVersion: 4 });
    guest.say({ type: 'stopped', code: 'header-other', words: 'it is\u001b[2J\nnot the pinned one' });
    await expect.poll(() => said.length).toBe(2);
    expect(said).toEqual([
      { kind: 'ready', sshHostKey, keysVersion: 4 },
      { kind: 'failed', code: 'guest-stopped', detail: 'header-other: it is [2J not the pinned one' },
    ]);
    expect(logged.filter((line) => line.includes('a guest goes on'))).toHaveLength(2);
  });

  test('given newer keys of the network / when a guest is ready, or gets them later / then it is handed them, and not before', async () => {
    const { guest, host } = await meet({ envelope: 'first' });
    guest.say({ type: 'hello', agentVersion: '1' });
    expect(await guest.next(), 'nothing before it is ready').toMatchObject({ type: 'boot' });
    guest.say({ type: 'ready', sshHostKey, keysVersion: 1 });
    expect(await guest.next()).toEqual({ version: 1, type: 'access', envelope: 'first' });
    host.setEnvelope('second');
    host.setEnvelope('second');
    host.setEnvelope(null);
    host.setEnvelope('third');
    expect([await guest.next(), await guest.next()]).toMatchObject([{ envelope: 'second' }, { envelope: 'third' }]);
  });

  test('given an agent that begins in the middle / when it meets a guest that was ready before / then it tells what is newest', async () => {
    const { guest } = await meet({ isReady: true, envelope: 'newest' });
    expect(await guest.next()).toEqual({ version: 1, type: 'access', envelope: 'newest' });
  });
});
