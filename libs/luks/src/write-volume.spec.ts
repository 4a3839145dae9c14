import { Buffer } from 'node:buffer';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { seededRandom } from './header/header.fixture.ts';
import { openLuks2Volume } from './open-volume.ts';
import { type WriteLuks2Options, writeLuks2Volume } from './write-volume.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hcc-luks-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const random = seededRandom('writer');
const passphrase = random(32);
/** Small, so that a property may run often. */
const quick = { memoryKiBMin: 32, memoryKiBMax: 1024, iterationsMin: 1, iterationsMax: 4, cpusMax: 1 };
const plain = Buffer.concat([random(2 * 1024 * 1024), Buffer.alloc(8192)]);

const options = (changed: Partial<WriteLuks2Options> = {}): WriteLuks2Options => ({
  ...{ source: once(plain), target: join(dir, 'volume'), volumeKey: random(64), passphrase, random },
  ...{ argon2id: { iterations: 1, memoryKiB: 64, cpus: 1 }, argon2idBounds: quick },
  ...{ uuid: '0d4e2f6a-1b7c-4f3a-9a55-5a1c0d2e3f40', ...changed },
});

describe('writing a volume', () => {
  test('then only its owner may read the file, and nothing else is beside it', async () => {
    const told: number[] = [];
    await writeLuks2Volume(options({ progress: (bytes) => told.push(bytes) }));
    expect(await readdir(dir)).toEqual(['volume']);
    expect((await stat(join(dir, 'volume'))).mode & 0o777).toBe(0o600);
    expect(told).toEqual([1_048_576, 2_097_152, 2_105_344]);
  });

  test('leaves the keys of its caller as they were', async () => {
    const volumeKey = random(64);
    const before = Buffer.from(volumeKey);
    await writeLuks2Volume(options({ volumeKey }));
    expect(volumeKey).toEqual(before);
  });

  test('given pieces of any length, then any range reads back as it was', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(300_000), { minLength: 1, maxLength: 12 }),
        fc.nat(plain.length),
        fc.nat(70_000),
        async (cuts, offset, length) => {
          await rm(join(dir, 'volume'), { force: true });
          await writeLuks2Volume(options({ source: cut(cuts) }));
          const volume = await openLuks2Volume({ path: join(dir, 'volume'), passphrase, argon2idBounds: quick });
          const range = Math.min(length, plain.length - offset);
          expect((await volume.read(offset, range)).equals(plain.subarray(offset, offset + range))).toBe(true);
          await expect(volume.read(offset, plain.length - offset + 1)).rejects.toMatchObject({ code: 'range-outside' });
          await volume.close();
        },
      ),
      { numRuns: 8 },
    );
  });

  test.each<[string, Partial<WriteLuks2Options>]>([
    ['volume-key-form', { volumeKey: Buffer.alloc(64, 7) }],
    ['volume-key-form', { volumeKey: Buffer.alloc(32, 7) }],
    ['passphrase-form', { passphrase: Buffer.alloc(0) }],
    ['source-empty', { source: once(Buffer.alloc(0)) }],
    ['source-unaligned', { source: once(Buffer.alloc(4097)) }],
    ['source-unaligned', { sourceBytes: 4097, source: unread() }],
    ['source-length', { sourceBytes: plain.length + 4096 }],
    ['source-length', { sourceBytes: plain.length - 4096 }],
    ['header-field', { label: 'x'.repeat(48) }],
    ['header-field', { uuid: 'mine' }],
    ['keyslot-kdf-bounds', { argon2id: { iterations: 1, memoryKiB: 2048, cpus: 1 } }],
    ['stopped', { signal: AbortSignal.abort() }],
  ])('refuses with %s (case %#), and leaves nothing', async (code, changed) => {
    await expect(writeLuks2Volume(options(changed))).rejects.toMatchObject({ name: 'LuksError', code });
    expect(await readdir(dir)).toEqual([]);
  });

  test('given a target or a half one that is there, then it is left as it is', async () => {
    await writeFile(join(dir, 'volume'), 'mine');
    await expect(writeLuks2Volume(options())).rejects.toMatchObject({ code: 'target-exists' });
    await rm(join(dir, 'volume'));
    await writeFile(join(dir, 'volume.part'), 'another run');
    await expect(writeLuks2Volume(options())).rejects.toMatchObject({ code: 'target-busy' });
    expect(await readFile(join(dir, 'volume.part'), 'utf8')).toBe('another run');
  });

  test('given a source that breaks, then the file that was begun held no header, and is gone', async () => {
    const seen: Buffer[] = [];
    async function* breaks(): AsyncGenerator<Buffer> {
      yield plain;
      yield plain;
      seen.push(await readFile(join(dir, 'volume.part')));
      throw new Error('the pipe broke');
    }
    await expect(writeLuks2Volume(options({ source: breaks() }))).rejects.toThrow('the pipe broke');
    expect(seen[0]?.length).toBeGreaterThan(1024 * 1024);
    expect(seen[0]?.subarray(0, 1024 * 1024).every((byte) => byte === 0)).toBe(true);
    expect(await readdir(dir)).toEqual([]);
  });
});

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

// biome-ignore lint/correctness/useYield: it must not come to that
async function* unread(): AsyncGenerator<Buffer> {
  throw new Error('read, though its length was wrong');
}

async function* cut(lengths: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (const length of lengths) {
    yield plain.subarray(at, at + length);
    at += length;
  }
  yield plain.subarray(at);
}
