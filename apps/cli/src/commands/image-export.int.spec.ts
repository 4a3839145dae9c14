import { randomBytes } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { cleanUp, machineWith } from '../../../../test/cli/machine-with.ts';

afterEach(cleanUp);

/** A machine that has imported a root file system as a sealed image. */
const given = async () => {
  const machine = await machineWith({});
  const disk = randomBytes(40 * 4096);
  // What an ext4 file system has there.
  disk.writeUInt16LE(0xef53, 1080);
  await writeFile(machine.path('root.ext4'), disk);
  for (const name of ['k', 'i']) await writeFile(machine.path(name), randomBytes(5_000));
  const named = ['--kernel', 'k', '--initrd', 'i', '--name', 'mine', '--no-register', '--json'];
  const ran = await machine.hcc('image', 'import', 'root.ext4', '--sealed', ...named);
  expect(ran.code, ran.err).toBe(0);
  const { digest, manifest } = JSON.parse(ran.out);
  expect(manifest).toMatchObject({ manifestVersion: 3, verity: { dataBlocks: 40 } });
  return { ...machine, digest };
};

describe('hcc image export', () => {
  test('copies an image into a folder named by its digest, says what it does, and does it once', async () => {
    const { hcc, path, digest } = await given();
    const ran = await hcc('image', 'export', digest.slice(0, 8), '--to', 'images');
    expect(ran.code, ran.err).toBe(0);
    expect(ran.err).toContain('copying rootfs.raw, 163840 bytes');
    expect(ran.out).toContain(`HCC_IMAGE_SOURCES=dir:${path('images')}`);
    expect((await readdir(path('images', digest))).sort()).toEqual([
      'initrd.cpio',
      'manifest.json',
      'rootfs.raw',
      'verity.tree',
      'vmlinuz',
    ]);
    const again = await hcc('image', 'export', digest, '--to', 'images', '--json');
    expect(again.err).not.toContain('copying');
    expect(JSON.parse(again.out)).toMatchObject({ digest, dir: path('images', digest) });
  });

  test('and cache lists it: its size, and that it stays because somebody made it', async () => {
    const { hcc, digest } = await given();
    const { out } = await hcc('image', 'cache');
    expect(out).toMatch(new RegExp(`${digest.slice(0, 16)} +image +\\S+ \\wiB +\\d+ m?s ago +whoever made it\\n`));
    expect(out).toMatch(/ in .*cache.*, 0 B of it needed by nobody/);
    const { items } = JSON.parse((await hcc('image', 'cache', '--json')).out);
    expect(items).toMatchObject([{ kind: 'image', digest, neededBy: [], isReplaceable: false }]);
  });

  test('names an image that is not here, a store without its address, and a file that is no credentials', async () => {
    const { hcc, write, digest } = await given();
    const missing = await hcc('image', 'export', 'ffff', '--to', 'images');
    expect([missing.code, missing.err]).toEqual([1, expect.stringContaining('no image')]);
    const nowhere = await hcc('image', 'export', digest, '--to', 's3://images');
    expect([nowhere.code, nowhere.err]).toEqual([2, expect.stringContaining('--s3-endpoint URL')]);
    write('s3.json', '{"accessKeyId":"A","secret":"hush-hush-hush-hush-hush-hush"}');
    const store = ['--s3-endpoint', 'http://127.0.0.1:1', '--s3-credentials', 's3.json'];
    const wrong = await hcc('image', 'export', digest, '--to', 's3://images', ...store);
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('holds no credentials')]);
    expect(wrong.err).not.toContain('hush');
    write('s3.json', '{"accessKeyId":"A","secretAccessKey":"hush-hush-hush-hush-hush"}');
    const silent = await hcc('image', 'export', digest, '--to', 's3://images', ...store);
    expect([silent.code, silent.err]).toEqual([
      1,
      expect.stringMatching(/packages|vmlinuz was not sent: .*ECONNREFUSED/),
    ]);
  });
});
