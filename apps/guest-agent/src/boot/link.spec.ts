import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { encodeFrame } from '#guest-channel';
import { limits as agentLimits } from '../limits.ts';
import { limits } from './limits.ts';
import { linkOn } from './link.ts';

// A pipe that stands for a port: what is written to it is what the host says.
let dir = '';
let port = 0;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'hcc-link-'));
  execFileSync('mkfifo', [join(dir, 'port')]);
  port = openPort();
});
afterEach(() => {
  closeSync(port);
  rmSync(dir, { recursive: true, force: true });
});

/** Any JSON but the word that says nothing came. */
const message = fc.json({ maxDepth: 2 }).map((text) => ({ said: JSON.parse(text) }));

const openPort = (): number => openSync(join(dir, 'port'), constants.O_RDWR | constants.O_NONBLOCK);
const hostSays = (bytes: Uint8Array): void => {
  expect(writeSync(port, bytes)).toBe(bytes.length);
};

/** Whatever the guest has not taken yet. */
const leftInPort = (): number => {
  const buffer = Buffer.alloc(1024 * 1024);
  try {
    return readSync(port, buffer);
  } catch {
    return 0;
  }
};

const linkOfPort = () => {
  const noise: string[] = [];
  return { noise, link: linkOn(port, (reason) => noise.push(reason)) };
};

describe("a guest's end of the line to its host", () => {
  test('given messages cut anywhere / when they are asked for / then they come whole and in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { maxLength: 8 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 40 })),
        async (said, cuts) => {
          const { link, noise } = linkOfPort();
          const bytes = Buffer.concat(said.map(encodeFrame));
          const heard: unknown[] = [];
          for (let at = 0; at < bytes.length; ) {
            const next = at + (cuts.next().value ?? 1);
            hostSays(bytes.subarray(at, next));
            at = next;
            for (let one = await link.next(0); one !== null; one = await link.next(0)) heard.push(one);
          }
          expect(noise).toEqual([]);
          expect(heard).toEqual(said);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('given bytes of any kind / when they are heard / then nothing is thrown, and noise is told once for a connection', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 10 }), async (said) => {
        const { link, noise } = linkOfPort();
        for (const bytes of said) {
          hostSays(bytes);
          for (let n = 0; n < 100 && (await link.next(0)) !== null; n += 1);
        }
        expect(noise.length).toBeLessThanOrEqual(1);
        leftInPort();
      }),
      { numRuns: 200 },
    );
  });

  test('given a message that takes several reads / when it is asked for / then they are made at once', async () => {
    const path = join(dir, 'long');
    const long = { said: 'x'.repeat(2 * agentLimits.readBytes) };
    writeFileSync(path, encodeFrame(long));
    const file = openSync(path, constants.O_RDWR);
    onTestFinished(() => closeSync(file));
    expect(await linkOn(file, expect.unreachable).next(0)).toEqual(long);
  });

  test('given a host that floods / when one message is asked for / then no more is taken than one read gives', async () => {
    const frame = encodeFrame({});
    const flood = Buffer.concat(Array.from({ length: Math.floor(65_000 / frame.length) }, () => frame));
    const { link, noise } = linkOfPort();
    hostSays(flood);
    expect(await link.next(0)).toEqual({});
    // As much again, while what was taken is not handed out yet.
    hostSays(flood.subarray(0, 6_000));
    for (let n = 0; n < 100; n += 1) expect(await link.next(0)).toEqual({});
    expect(leftInPort()).toBe(6_000);
    expect(noise).toEqual([]);
    expect(flood.length).toBeLessThanOrEqual(agentLimits.readBytes);
  });

  test('given a host that says a lot and takes nothing / when the guest has something to say / then what was heard is dropped, with a word why', async () => {
    const { link, noise } = linkOfPort();
    // A write into a full pipe waits, and what is in the pipe is heard meanwhile.
    fillPort();
    expect(await link.send({ a: 1 })).toBe(true);
    expect(noise).toEqual([]);
    fillPort();
    expect(await link.send({ b: 2 })).toBe(true);
    expect(noise).toEqual([`more than ${limits.unreadMax} messages came that nobody waited for`]);
    expect(await link.next(0)).toBeNull();
  });
});

const fillPort = (): void => {
  const frames = Buffer.concat(Array.from({ length: 10_000 }, () => encodeFrame({})));
  const pieces = [frames.subarray(0, 4_092), encodeFrame({})];
  for (const piece of pieces) {
    try {
      for (;;) writeSync(port, piece);
    } catch (error) {
      expect(error).toMatchObject({ code: 'EAGAIN' });
    }
  }
};
