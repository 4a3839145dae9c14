import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { ImageDigest } from '#domain';
import { silent } from '#host';
import { importImage } from '#images';
import { createCachedImages } from './cached-images.ts';

const none = '0'.repeat(64) as ImageDigest;
const mebibyte = 1024 * 1024;

async function given() {
  const cacheDir = await mkdtemp(join(tmpdir(), 'hcc-cached-'));
  onTestFinished(() => rm(cacheDir, { recursive: true, force: true }));
  const disk = Buffer.alloc(mebibyte);
  // What an ext4 file system has there.
  disk.writeUInt16LE(0xef53, 1080);
  const [source, kernel, initrd] = ['disk', 'kernel', 'initrd'].map((name) => join(cacheDir, name));
  if (source === undefined || kernel === undefined || initrd === undefined) throw new Error('three names');
  await writeFile(source, disk);
  for (const path of [kernel, initrd]) await writeFile(path, 'bytes');
  const image = await importImage({
    ...{ cacheDir, report: silent, source, kernel, initrd, name: 'mine', sshUser: 'root', cmdline: 'quiet' },
    ...{ minMemoryBytes: mebibyte, os: { id: 'unknown', version: 'unknown' } },
  });
  return { image, digest: image.digest as ImageDigest, cached: createCachedImages(cacheDir) };
}

test('given an image of the cache / when it is asked for / then it is what the manifest says', async () => {
  const { image, digest, cached } = await given();
  const { kernelPath, initrdPath, rootfsPath } = image;
  const files = { kernelPath, initrdPath, rootfsPath, cmdline: 'quiet' };
  expect(await cached.verify(digest), 'it has no hash tree').toEqual({ ...files, treePath: null });
});

test('given no such image / when it is asked for / then the refusal names it and how to get it', async () => {
  const { cached } = await given();
  const missing = { code: 'image-not-found', message: expect.stringMatching(/0{16}.*hcc image/) };
  await expect(cached.open(none)).rejects.toMatchObject(missing);
  await expect(cached.verify(none)).rejects.toMatchObject(missing);
});

test('given an image whose bytes changed / when it is verified / then the file is named, with what it hashes to', async () => {
  const { image, digest, cached } = await given();
  await truncate(image.rootfsPath, mebibyte - 1);
  await truncate(image.rootfsPath, mebibyte);
  expect((await cached.verify(digest)).rootfsPath, 'the same bytes again').toBe(image.rootfsPath);
  await writeFile(image.rootfsPath, Buffer.alloc(mebibyte, 1));
  await expect(createCachedImages(join(image.dir, '..', '..')).verify(digest)).rejects.toMatchObject({
    code: 'image-corrupt',
    message: expect.stringContaining('rootfs.raw differs'),
  });
  expect(await readdir(image.dir)).toContain('rootfs.raw');
});
