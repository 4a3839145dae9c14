import { mkdtemp, open, readdir, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createVolume, demandSpace, growVolume } from './volume.ts';

const mebibyte = 1024 * 1024;

const given = async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-volume-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  return { dir, path: join(dir, 'vm', 'volume.luks') };
};

describe('a sealed VM’s volume', () => {
  test('given a size / when a volume is made / then it has it, takes no room, and is for this user alone', async () => {
    const { dir, path } = await given();
    await createVolume({ path, bytes: 64 * mebibyte });
    const { size, blocks, mode } = await stat(path);
    expect({ size, blocks, mode: mode & 0o777 }).toEqual({ size: 64 * mebibyte, blocks: 0, mode: 0o600 });
    expect(await readdir(join(dir, 'vm'))).toEqual(['volume.luks']);
  });

  test('given a try that was interrupted / when a volume is made / then the remains of it do not matter', async () => {
    const { path } = await given();
    await createVolume({ path, bytes: mebibyte });
    await rm(path);
    await writeFile(`${path}.new`, 'half');
    await createVolume({ path, bytes: 2 * mebibyte });
    expect((await stat(path)).size).toBe(2 * mebibyte);
  });

  test('given a volume with data / when it grows, twice / then the data is there and only the size is new', async () => {
    const { path } = await given();
    await createVolume({ path, bytes: mebibyte });
    const file = await open(path, 'r+');
    await file.write('ciphertext', mebibyte - 10);
    await file.close();
    await growVolume({ path, bytes: 8 * mebibyte });
    await growVolume({ path, bytes: 8 * mebibyte });
    const grown = await open(path, 'r');
    const { buffer } = await grown.read(Buffer.alloc(10), 0, 10, mebibyte - 10);
    await grown.close();
    expect(buffer.toString()).toBe('ciphertext');
    expect((await stat(path)).size).toBe(8 * mebibyte);
  });

  test('given what no guest could use / when a volume is made or grown / then it is refused, and nothing changes', async () => {
    const { dir, path } = await given();
    await expect(createVolume({ path: 'volume', bytes: mebibyte })).rejects.toThrow(/a relative path/);
    await expect(createVolume({ path, bytes: mebibyte + 512 })).rejects.toThrow(/a multiple of 4096/);
    await expect(growVolume({ path, bytes: mebibyte })).rejects.toThrow(/it is not there/);
    expect(await readdir(dir)).toEqual([]);
    await createVolume({ path, bytes: 2 * mebibyte });
    await expect(createVolume({ path, bytes: mebibyte })).rejects.toThrow(/it is there/);
    await expect(growVolume({ path, bytes: mebibyte })).rejects.toThrow(/at least 2101248/);
    expect((await stat(path)).size, 'a volume never shrinks').toBe(2 * mebibyte);
  });

  test('given a host without that much room / when a volume is made, grown or started / then it is refused with both figures', async () => {
    const { dir, path } = await given();
    const { bavail, bsize } = await statfs(dir);
    const bytes = Math.ceil((bavail * bsize) / mebibyte) * mebibyte + 1024 * mebibyte;
    const short = { code: 'disk-space-short', message: expect.stringMatching(/may take \d+ more, but \d+ are free/) };
    await expect(createVolume({ path, bytes })).rejects.toMatchObject(short);
    await createVolume({ path, bytes: mebibyte });
    await expect(growVolume({ path, bytes })).rejects.toMatchObject(short);
    await expect(demandSpace({ path, bytes })).rejects.toMatchObject(short);
    await demandSpace({ path, bytes: mebibyte });
    expect((await stat(path)).size).toBe(mebibyte);
  });
});
