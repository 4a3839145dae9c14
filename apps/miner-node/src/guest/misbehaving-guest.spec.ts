import { describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { meet } from './meet.fixture.ts';

describe('a guest that breaks the rules, or goes', () => {
  test.each([
    ['no frame at all', 'GET / HTTP/1.1\r\n\r\n'],
    ['a frame that is not JSON', Buffer.from([0, 0, 0, 1, 0x7b])],
    ['a length nothing honest has', Buffer.from([0x7f, 0xff, 0xff, 0xff])],
  ])(
    'given a guest that sends %s / when it is met again / then it was cut off for a while, and is heard as before',
    async (_what, bytes) => {
      const { guest, said, misbehaved } = await meet();
      const again = guest.visited();
      guest.bytes(bytes);
      await misbehaved(1);
      expect(said[0]).toMatchObject({
        reason: expect.stringContaining(`not listened to for ${limits.guestPenaltyMs} ms`),
      });
      await again;
      guest.say({ type: 'hello', agentVersion: '1' });
      expect(await guest.next()).toMatchObject({ type: 'boot' });
    },
  );

  test('given a guest that floods / when it is cut off twice / then the second time is longer', async () => {
    const { guest, said, misbehaved } = await meet();
    const flood = () => {
      for (let times = 0; times <= limits.guestFramesPerSecondMax; times += 1)
        guest.say({ type: 'stage', name: 'pivot', atMs: 1 });
    };
    const again = guest.visited();
    flood();
    await again;
    flood();
    await misbehaved(2);
    expect(said).toMatchObject([
      { reason: expect.stringMatching(/more than 50 messages.* 500 ms/) },
      { reason: expect.stringContaining('1000 ms') },
    ]);
  });

  test('given a guest that says nothing / when its machine goes / then nothing was asked or said, and nobody waits', async () => {
    const { guest, host, said, asked } = await meet();
    guest.vanish();
    await host.hungUp();
    host.close();
    expect({ said, asked }).toEqual({ said: [], asked: [] });
  });

  test('given last words just before the machine goes / when the port is closed / then they were heard', async () => {
    const { guest, host, said } = await meet();
    guest.say({ type: 'hello', agentVersion: '1' });
    await guest.next();
    guest.say({ type: 'stopped', code: 'base-corrupt', words: 'block 7' });
    setImmediate(() => guest.vanish());
    await host.hungUp();
    expect(said).toEqual([{ kind: 'failed', code: 'guest-stopped', detail: 'base-corrupt: block 7' }]);
  });
});
