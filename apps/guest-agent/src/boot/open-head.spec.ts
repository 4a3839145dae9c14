import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readCopy } from '../../../../libs/luks/src/header/binary-header.ts';
import { deviceBytes, goodHeader, headerOfCopies } from '../../../../libs/luks/src/header/header.fixture.ts';
import { limits } from './limits.ts';
import { openByCopy, readHeadOf } from './open-head.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hcc-head-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const terms = { deviceBytes, integrity: 'none' } as const;
const headOf = (header: Uint8Array): Buffer => Buffer.concat([header], limits.headBytes);

/** A disk in a file, with this header on it. */
const diskWith = async (header: Uint8Array): Promise<string> => {
  const device = join(dir, 'device');
  await writeFile(device, Buffer.concat([headOf(header)], deviceBytes));
  return device;
};

const digestOf = async (device: string): Promise<string> => {
  const refused = await readHeadOf(device, 'volume', terms, '').catch((error: Error) => error.message);
  return /SHA-256 ([0-9a-f]{64})/.exec(String(refused))?.[1] ?? '';
};

describe('opening a disk by a copy of its head', () => {
  test('given a host that swaps the header once it was checked / when the disk is opened / then by the bytes that were checked', async () => {
    const device = await diskWith(goodHeader());
    const checked = await readHeadOf(device, 'volume', terms, await digestOf(device));
    const other = headerOfCopies({ label: 'the attacker' }, {});
    const seen: Buffer[] = [];
    const commands = {
      run: async (_program: string, args: readonly string[]) => {
        // The host writes to the disk before the first byte of it is looked at again.
        await writeFile(device, headOf(other));
        const at = args[args.indexOf('--header') + 1] ?? '';
        expect(at).not.toBe(device);
        seen.push(await readFile(at));
      },
    };
    const copyAt = join(dir, 'head');
    await openByCopy(commands, { ...{ device, head: checked.bytes, key: new Uint8Array(64), copyAt }, ...opened });
    expect(seen.map((bytes) => readCopy(bytes, 0, 'primary').label)).toEqual(['web']);
    expect(await readdir(dir)).toEqual(['device']);
  });

  test('given a header that was swapped before it was read / when it is held against the pinned digest / then it is refused', async () => {
    const pinned = await digestOf(await diskWith(goodHeader()));
    const device = await diskWith(headerOfCopies({ label: 'the attacker' }, {}));
    await expect(readHeadOf(device, 'volume', terms, pinned)).rejects.toMatchObject({ code: 'header-other' });
  });

  test('given a key that does not open it / when the disk is opened / then the boot stops, and the key was in no argument', async () => {
    const device = await diskWith(goodHeader());
    const { bytes } = await readHeadOf(device, 'volume', terms, await digestOf(device));
    const key = new Uint8Array(64).fill(0x6b);
    const told: string[] = [];
    const commands = {
      run: async (program: string, args: readonly string[], input?: Uint8Array) => {
        told.push(program, ...args);
        expect(input).toEqual(key);
      },
    };
    await openByCopy(commands, { ...{ device, head: bytes, key, copyAt: join(dir, 'head') }, ...opened });
    expect(told.join(' ')).not.toContain('k'.repeat(8));
    expect(told.join(' ')).not.toContain(Buffer.from(key).toString('hex'));
  });
});

const opened = { name: 'hcc-volume', code: 'volume-key' } as const;
