import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { LineSplitter } from '../lines.ts';
import { type GuestChannelEvent, openGuestChannel } from './guest-channel.ts';
import { checkGuestAccess, formatHostMessage, keysDigest, parseGuestMessage } from './guest-messages.ts';

const boot = '35daa27d-5c66-4f22-8e80-2e8dc600fd4f';
const key = 'AAAAC3NzaC1lZDI1NTE5AAAAIBID4Q1hO+QFenO1xKZDf0A7s6DdYddGfn/r5V03OS2q';
const access = { hostname: 'my-vm', authorizedKeys: [`ssh-ed25519 ${key} ann@home`] };

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe('what guests say', () => {
  test('given the three messages / when they are read / then each is what it says', () => {
    expect(parseGuestMessage(`hcc/1 hello ${boot}`)).toEqual({ kind: 'hello', bootId: boot });
    expect(parseGuestMessage(`hcc/1 failed ${boot} bm8gZGlzaw==`)).toMatchObject({ kind: 'failed', detail: 'no disk' });
    expect(parseGuestMessage(`hcc/1 ready ${boot} ssh-ed25519 ${key}`)).toMatchObject({
      kind: 'ready',
      hostKey: { publicKey: `ssh-ed25519 ${key}`, fingerprint: expect.stringMatching(/^SHA256:[A-Za-z0-9+/]{43}$/) },
    });
  });

  test('given the digest of its keys at the end / when it is read / then it is what this side makes of them', () => {
    const keysSha256 = keysDigest(access.authorizedKeys);
    expect(keysSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(parseGuestMessage(`hcc/1 ready ${boot} ssh-ed25519 ${key} ${keysSha256}`)).toMatchObject({ keysSha256 });
    expect(parseGuestMessage(`hcc/1 ready ${boot} ssh-ed25519 ${key} nonsense`)).toBeUndefined();
  });

  test.each([
    ['another protocol', `hcc/2 hello ${boot}`],
    ['a cut line', `hcc/1 hel`],
    ['a boot id that is none', 'hcc/1 hello $(reboot)'],
    ['more words than a message has', `hcc/1 hello ${boot} x`],
    ['a key of another type', `hcc/1 ready ${boot} ssh-rsa ${key}`],
    [
      'a key one byte short',
      `hcc/1 ready ${boot} ssh-ed25519 ${Buffer.from(key, 'base64').subarray(0, 50).toString('base64')}`,
    ],
    ['a key that is text', `hcc/1 ready ${boot} ssh-ed25519 not*base64`],
  ])('given %s / when it is read / then it is no message', (_what, line) => {
    expect(parseGuestMessage(line)).toBeUndefined();
  });

  test('given any line / when it is read / then nothing throws and only clean fields come out', () => {
    const word = fc.oneof(fc.constantFrom('hcc/1', 'hello', 'ready', 'failed', boot, 'ssh-ed25519', key), fc.string());
    fc.assert(
      fc.property(fc.array(word, { maxLength: 7 }), (words) => {
        const message = parseGuestMessage(words.join(' '));
        if (message?.kind === 'failed') expect(message.detail).toMatch(/^[\x20-\x7e]{0,256}$/);
        if (message !== undefined) expect(message.bootId).toMatch(/^[0-9a-f-]+$/);
      }),
    );
  });

  test('given the largest access / when it is told / then it fits one line of the protocol', () => {
    const keys = Array.from({ length: 7 }, (_, index) => `ssh-rsa ${'A'.repeat(1_100)} key-${index}`);
    const line = formatHostMessage({
      kind: 'welcome',
      bootId: boot,
      access: checkGuestAccess({ ...access, authorizedKeys: keys }),
    });
    expect(line.trim().length).toBeLessThan(limits.guestLineBytesMax);
  });

  test.each([
    ['a hostname with a space', { ...access, hostname: 'my vm' }],
    ['a hostname that ends in a dash', { ...access, hostname: 'vm-' }],
    ['no keys', { ...access, authorizedKeys: [] }],
    ['two lines in one key', { ...access, authorizedKeys: [`ssh-ed25519 ${key}\nssh-ed25519 ${key}`] }],
    ['options before a key', { ...access, authorizedKeys: [`command="x" ssh-ed25519 ${key}`] }],
    ['too many keys', { ...access, authorizedKeys: Array.from({ length: 100 }, () => `ssh-ed25519 ${key} ann`) }],
  ])('given %s / when it is to be told to a guest / then it is refused', (_what, wrong) => {
    expect(() => checkGuestAccess(wrong)).toThrow(expect.objectContaining({ code: 'guest-access-refused' }));
  });
});

describe('the host’s end of a guest’s port', () => {
  test('given a guest that repeats itself / when it is answered / then its owner hears each thing once', async () => {
    const port = await guestPort();
    const { heard, until } = listen(port.path);
    const guest = await port.guest();
    guest.say('', `hcc/1 hello ${boot}`, `hcc/1 hello ${boot}`, 'hcc/1 hel');
    expect(await guest.next('welcome')).toBe(
      `hcc/1 welcome ${boot} my-vm ${Buffer.from(`${access.authorizedKeys[0]}\n`).toString('base64')}`,
    );
    guest.say(`hcc/1 ready ${boot} ssh-ed25519 ${key}`, `hcc/1 ready ${boot} ssh-ed25519 ${key}`);
    expect(await guest.next('seen')).toBe(`hcc/1 seen ${boot}`);
    await until('ready');
    expect(heard.map((event) => event.kind)).toEqual(['hello', 'ready']);
  });

  test('given a guest that goes away / when it comes back / then it is asked again', async () => {
    const port = await guestPort();
    listen(port.path);
    (await port.guest()).hangUp();
    const again = await port.guest();
    expect(await again.next('ask')).toBe('hcc/1 ask -');
  });

  test('given a running guest / when its owner’s keys change / then it is told at once', async () => {
    const port = await guestPort();
    const { channel } = listen(port.path);
    const guest = await port.guest();
    guest.say(`hcc/1 ready ${boot} ssh-ed25519 ${key}`);
    await guest.next('seen');
    channel.setAccess({ ...access, hostname: 'renamed' });
    expect(await guest.next('welcome')).toContain(`welcome ${boot} renamed `);
  });

  test.each([
    ['a line without end', 'x'.repeat(limits.guestLineBytesMax + 1)],
    ['a flood of lines', 'hcc/1 x\n'.repeat(limits.guestLinesPerSecondMax + 1)],
  ])(
    'given a guest that sends %s / when a limit is passed / then it is cut off and that is told',
    async (_what, bytes) => {
      const port = await guestPort();
      const { until } = listen(port.path);
      const guest = await port.guest();
      guest.say(bytes);
      expect(await until('misbehaved')).toMatchObject({ reason: expect.stringMatching(/^(a line of )?more than/) });
      await guest.hungUp;
    },
  );
});

function listen(socketPath: string) {
  const heard: GuestChannelEvent[] = [];
  const waiting: (() => void)[] = [];
  const onEvent = (event: GuestChannelEvent): void => {
    heard.push(event);
    for (const wake of waiting.splice(0)) wake();
  };
  const channel = openGuestChannel({ socketPath, access, onEvent });
  cleanups.push(async () => channel.close());
  const until = async (kind: GuestChannelEvent['kind']): Promise<GuestChannelEvent> => {
    for (;;) {
      const found = heard.find((event) => event.kind === kind);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  return { heard, until, channel };
}

type Guest = {
  say(...lines: string[]): void;
  next(kind: string): Promise<string>;
  hangUp(): void;
  readonly hungUp: Promise<unknown>;
};

/** The socket QEMU would offer; each `guest()` is the next connection of the host, seen from inside. */
async function guestPort(): Promise<{ path: string; guest(): Promise<Guest> }> {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-port-'));
  const path = join(dir, 'agent.sock');
  const server: Server = createServer();
  const sockets: Socket[] = [];
  const arrivals: ((socket: Socket) => void)[] = [];
  server.on('connection', (socket) => {
    socket.on('error', () => undefined);
    const waiting = arrivals.shift();
    if (waiting === undefined) sockets.push(socket);
    else waiting(socket);
  });
  server.listen(path);
  await once(server, 'listening');
  cleanups.push(
    () => rm(dir, { recursive: true, force: true }),
    async () => server.close(),
  );
  const guest = async (): Promise<Guest> =>
    asGuest(sockets.shift() ?? (await new Promise((resolve) => arrivals.push(resolve))));
  return { path, guest };
}

function asGuest(socket: Socket): Guest {
  const splitter = new LineSplitter(limits.guestLineBytesMax);
  const lines: string[] = [];
  socket.on('data', (chunk: Buffer) => lines.push(...splitter.push(chunk).lines));
  return {
    say: (...said) => socket.write(said.map((line) => `${line}\n`).join('')),
    next: async (kind) => {
      for (;;) {
        const found = lines.findIndex((line) => line.startsWith(`hcc/1 ${kind} `));
        if (found >= 0) return lines.splice(0, found + 1).at(-1) ?? '';
        await once(socket, 'data');
      }
    },
    hangUp: () => socket.destroy(),
    hungUp: once(socket, 'close'),
  };
}
