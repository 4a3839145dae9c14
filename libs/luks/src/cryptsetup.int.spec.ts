import { Buffer } from 'node:buffer';
import { copyFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findTool, isHostError, run } from '#host';
import { seededRandom } from './header/header.fixture.ts';
import { inspectLuks2File, openLuks2Volume } from './open-volume.ts';
import { writeLuks2Volume } from './write-volume.ts';

const found = await findTool('cryptsetup');
const cryptsetup = found.kind === 'found' ? found.path : null;
const missing = 'cryptsetup is not there: run npm test, which gets it';

const kdf = [
  '--pbkdf',
  'argon2id',
  '--pbkdf-force-iterations',
  '4',
  '--pbkdf-memory',
  '32768',
  '--pbkdf-parallel',
  '1',
];
const xts = ['--cipher', 'aes-xts-plain64', '--key-size', '512'];
const random = seededRandom('cryptsetup');
const passphrase = random(32);
const volumeKey = random(64);
const plain = Buffer.concat([random(900_000), Buffer.alloc(1_048_576), random(148_576 + 4096)]);

let dir = '';
const at = (name: string): string => join(dir, name);
const say = (...args: readonly string[]) => run(cryptsetup ?? '', args, { timeoutMs: 30_000 });

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hcc-luks-'));
  await writeFile(at('key'), passphrase, { mode: 0o600 });
  await writeFile(at('volume-key'), volumeKey, { mode: 0o600 });
});
afterAll(() => rm(dir, { recursive: true, force: true }));
beforeEach((context) => {
  if (cryptsetup === null) context.skip(missing);
});

const format = async (name: string, ...more: readonly string[]): Promise<string> => {
  await writeFile(at(name), '');
  await truncate(at(name), 24 * 1024 * 1024);
  await say('luksFormat', '-q', '--type', 'luks2', '--key-file', at('key'), ...kdf, ...more, at(name));
  return at(name);
};

const refusalOf = async (path: string): Promise<string> => {
  const verdict = await inspectLuks2File(path);
  return verdict.ok ? 'ok' : verdict.refusal.code;
};

describe('a volume of our writer', () => {
  test.each([512, 4096] as const)(
    'with sectors of %d bytes is dumped and opened by cryptsetup',
    async (sectorBytes) => {
      const target = at(`ours-${sectorBytes}`);
      const written = await writeLuks2Volume({
        ...{
          source: pieces(plain, 70_001),
          sourceBytes: plain.length,
          target,
          volumeKey,
          passphrase,
          sectorBytes,
          random,
        },
        ...{
          uuid: '0d4e2f6a-1b7c-4f3a-9a55-5a1c0d2e3f40',
          label: 'owner of web',
          argon2id: { iterations: 4, memoryKiB: 32_768, cpus: 1 },
        },
      });
      const { stdout } = await say('luksDump', target);
      for (const line of [/UUID:\s+0d4e2f6a/, /Label:\s+owner of web/, /Flags:\s+\(no flags\)/, /offset: 1048576 /]) {
        expect(stdout).toMatch(line);
      }
      expect(stdout).toMatch(new RegExp(`sector: ${sectorBytes} `));
      await say('open', '--test-passphrase', '--key-file', at('key'), target);
      await expect(say('open', '--test-passphrase', '--key-file', at('volume-key'), target)).rejects.toSatisfy(
        isHostError,
      );
      // The volume key that cryptsetup takes out of our keyslot is the one we put in.
      await say(
        'luksDump',
        '-q',
        '--dump-volume-key',
        '--volume-key-file',
        at(`out-${sectorBytes}`),
        '--key-file',
        at('key'),
        target,
      );
      expect(await readFile(at(`out-${sectorBytes}`))).toEqual(volumeKey);
      expect(await readAll(target)).toEqual(plain);
      const bytes = await readFile(target);
      expect(bytes.length).toBe(1024 * 1024 + plain.length);
      expect(
        [volumeKey, passphrase, plain.subarray(0, 64), Buffer.alloc(64)].map((secret) =>
          bytes.indexOf(secret, 2 ** 20),
        ),
      ).toEqual([-1, -1, -1, -1]);
      expect(written.headerDigest).toBe((await headerOf(target)).headerDigest);
    },
  );

  test("holds cryptsetup's own ciphertext: what it encrypts in place is what we decrypt", async () => {
    const path = at('in-place');
    await writeFile(path, plain);
    await truncate(path, plain.length + 32 * 1024 * 1024);
    await say(
      ...['reencrypt', '--encrypt', '-q', '--type', 'luks2', '--disable-locks', '--reduce-device-size', '32M'],
      ...['--sector-size', '4096', ...xts, ...kdf, '--key-file', at('key'), path],
    );
    const volume = await openLuks2Volume({ path, passphrase });
    expect(await volume.read(0, plain.length)).toEqual(plain);
    expect(await volume.read(4_095, 5_000)).toEqual(plain.subarray(4_095, 9_095));
    await volume.close();
  });
});

describe('a volume of cryptsetup', () => {
  test.each([
    ['as it makes them', []],
    ['with 4 KiB sectors and two threads', ['--sector-size', '4096', '--pbkdf-parallel', '2']],
    [
      'with a label and a small header',
      ['--label', 'a b', '--luks2-metadata-size', '16k', '--luks2-keyslots-size', '512k', '--offset', '4096'],
    ],
    ['with a header of 64 KiB', ['--luks2-metadata-size', '64k']],
  ])('%s is read and unlocked', async (_what, more) => {
    const path = await format('theirs', ...xts, ...more);
    const volume = await openLuks2Volume({ path, passphrase });
    expect((await volume.read(0, 4096)).length).toBe(4096);
    await volume.close();
    await expect(openLuks2Volume({ path, passphrase: random(32) })).rejects.toMatchObject({ code: 'key-wrong' });
  });

  test('with two keyslots, a token, a priority is refused by name', async () => {
    const one = await format('one', ...xts);
    expect(await refusalOf(one)).toBe('ok');
    await writeFile(at('key-2'), 'another');
    const two = await copied(one, 'two');
    await say('luksAddKey', '-q', ...kdf, '--key-file', at('key'), two, at('key-2'));
    expect(await refusalOf(two)).toBe('keyslot-count');
    const token = await copied(one, 'token');
    await say('token', 'add', '--key-description', 'hcc-test', token);
    expect(await refusalOf(token)).toBe('tokens-present');
    const preferred = await copied(one, 'preferred');
    await say('config', '--priority', 'prefer', '--key-slot', '0', preferred);
    expect(await refusalOf(preferred)).toBe('keyslot-form');
  });

  test('whose second header is damaged, which cryptsetup repairs, is refused', async () => {
    const path = await format('damaged', ...xts);
    const bytes = await readFile(path);
    bytes[16_384 + 5_000] = 1;
    await writeFile(path, bytes);
    await say('open', '--test-passphrase', '--key-file', at('key'), await copied(path, 'repaired'));
    expect(await refusalOf(path)).toBe('header-checksum');
  });

  test('in the middle of a re-encryption is refused', async () => {
    const path = at('begun');
    await writeFile(path, '');
    await truncate(path, 24 * 1024 * 1024);
    await say(
      ...[
        'reencrypt',
        '--encrypt',
        '--init-only',
        '-q',
        '--type',
        'luks2',
        '--disable-locks',
        '--reduce-device-size',
        '8M',
      ],
      ...[...xts, ...kdf, '--key-file', at('key'), path],
    );
    expect(await refusalOf(path)).toBe('reencryption');
  });

  test.each([
    ['aes-cbc-essiv:sha256', ['--cipher', 'aes-cbc-essiv:sha256', '--key-size', '256'], 'keyslot-cipher'],
    ['a 256-bit key', ['--cipher', 'aes-xts-plain64', '--key-size', '256'], 'keyslot-cipher'],
    ['plain instead of plain64', ['--cipher', 'aes-xts-plain', '--key-size', '512'], 'keyslot-cipher'],
    ['PBKDF2', [...xts, '--pbkdf', 'pbkdf2', '--pbkdf-force-iterations', '1000'], 'keyslot-kdf'],
    ['LUKS1', ['--type', 'luks1', ...xts, '--pbkdf', 'pbkdf2', '--pbkdf-force-iterations', '1000'], 'luks-version'],
  ])('with %s is refused', async (_what, more, code) => {
    await writeFile(at('other'), '');
    await truncate(at('other'), 24 * 1024 * 1024);
    const own = more.includes('pbkdf2') ? [] : kdf;
    await say('luksFormat', '-q', '--type', 'luks2', '--key-file', at('key'), ...own, ...more, at('other'));
    expect(await refusalOf(at('other'))).toBe(code);
  });
});

const copied = async (from: string, name: string): Promise<string> => {
  await copyFile(from, at(name));
  return at(name);
};

const headerOf = async (path: string) => {
  const verdict = await inspectLuks2File(path);
  if (verdict.ok) return verdict.header;
  throw new Error(verdict.refusal.message);
};

const readAll = async (path: string): Promise<Buffer> => {
  const volume = await openLuks2Volume({ path, passphrase });
  const parts: Buffer[] = [];
  for await (const part of volume.stream()) parts.push(part);
  await volume.close();
  return Buffer.concat(parts);
};

async function* pieces(bytes: Buffer, length: number): AsyncGenerator<Buffer> {
  for (let from = 0; from < bytes.length; from += length) yield bytes.subarray(from, from + length);
}
