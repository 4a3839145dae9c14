import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { hashFile } from './hash-file.ts';
import { isImageError } from './image-error.ts';
import { canonicalManifest, type ImageManifest, imageDigest, parseManifest } from './manifest.ts';
import { listImages, openImage, verifyImage } from './store.ts';

const dirs: string[] = [];
afterEach(async () => {
  for (const dir of dirs.splice(0)) await rm(dir, { recursive: true, force: true });
});

describe('image cache', () => {
  test('given an image / when it is verified / then it is what its name says', async () => {
    const { dir, digest, cacheDir } = await cached();
    expect(await verifyImage(dir)).toMatchObject({ digest, rootfsPath: join(dir, 'rootfs.raw') });
    expect((await listImages(cacheDir)).map((image) => image.digest)).toEqual([digest]);
  });

  test.each(['vmlinuz', 'initrd.cpio', 'rootfs.raw'])(
    'given one changed byte in %s / when the image is verified / then that file is named',
    async (name) => {
      const { dir } = await cached();
      await writeFile(join(dir, name), `${name}!`.replace(/^./, 'X').slice(0, -1));
      await expect(verifyImage(dir)).rejects.toMatchObject({ code: 'image-corrupt', facts: { path: join(dir, name) } });
    },
  );

  test('given a file that was cut short / when the image is opened / then lengths are told and it is not listed', async () => {
    const { dir, cacheDir, digest } = await cached();
    await truncate(join(dir, 'rootfs.raw'), 3);
    await expect(openImage(cacheDir, digest)).rejects.toMatchObject({
      code: 'image-corrupt',
      facts: { observed: '3 bytes', wanted: '10 bytes' },
    });
    expect(await listImages(cacheDir)).toEqual([]);
  });

  test('given a changed manifest / when the image is opened / then it no longer has its name', async () => {
    const { dir, cacheDir, digest, manifest } = await cached();
    await writeFile(join(dir, 'manifest.json'), canonicalManifest({ ...manifest, cmdline: 'init=/bin/sh' }));
    await expect(openImage(cacheDir, digest)).rejects.toMatchObject({ code: 'image-corrupt' });
  });

  test('given no image, or a digest that is a path / when it is opened / then it is not found', async () => {
    const { cacheDir } = await cached();
    await expect(openImage(cacheDir, 'a'.repeat(64))).rejects.toMatchObject({ code: 'image-not-found' });
    await expect(openImage(cacheDir, '../../etc')).rejects.toMatchObject({ code: 'image-not-found' });
    expect(await listImages(join(cacheDir, 'none'))).toEqual([]);
  });

  test('given any text / when it is read as a manifest / then it is one or is refused as corrupt', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          parseManifest(text, 'here');
        } catch (error) {
          expect(isImageError(error, 'image-corrupt')).toBe(true);
        }
      }),
    );
  });

  test('given a manifest written in another order / when its digest is taken / then it is the same', async () => {
    const { manifest, digest } = await cached();
    const reversed = JSON.parse(JSON.stringify(Object.fromEntries(Object.entries(manifest).reverse())));
    expect(imageDigest(parseManifest(JSON.stringify(reversed), 'here'))).toBe(digest);
  });
});

async function cached(): Promise<{ cacheDir: string; dir: string; digest: string; manifest: ImageManifest }> {
  const cacheDir = await mkdtemp(join(tmpdir(), 'hcc-images-'));
  dirs.push(cacheDir);
  const made = join(cacheDir, 'made');
  await mkdir(made);
  for (const name of ['vmlinuz', 'initrd.cpio', 'rootfs.raw']) await writeFile(join(made, name), name);
  const manifest: ImageManifest = {
    manifestVersion: 1,
    name: 'tiny',
    version: '1',
    architecture: 'x86_64',
    kernel: await hashFile(join(made, 'vmlinuz')),
    initrd: await hashFile(join(made, 'initrd.cpio')),
    rootfs: await hashFile(join(made, 'rootfs.raw')),
    cmdline: 'console=ttyS0',
    sshUser: 'root',
    minMemoryBytes: 1,
    packages: [],
  };
  const digest = imageDigest(manifest);
  const dir = join(cacheDir, 'images', digest);
  await mkdir(dir, { recursive: true });
  for (const name of ['vmlinuz', 'initrd.cpio', 'rootfs.raw']) await writeFile(join(dir, name), name);
  await writeFile(join(dir, 'manifest.json'), canonicalManifest(manifest));
  return { cacheDir, dir, digest, manifest };
}
