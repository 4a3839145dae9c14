import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { ImageDigest } from '#domain';
import { silent } from '#host';
import { exportImage, imagesDir, importImage } from '#images';
import { createCachedImages } from '../qemu/cached-images.ts';
import { createFetchedImages } from './fetched-images.ts';

describe('images that a host lacks', () => {
  test('given a source / when an image is asked for / then it is on its way, fetched once for all VMs, and there', async () => {
    const { host, digest, exported } = await given();
    const { images, logged } = host([`dir:${exported}`]);
    const asked = await Promise.allSettled([1, 2, 3].map(() => images.verify(digest)));
    for (const one of asked) expect(one).toMatchObject({ reason: { code: 'image-on-its-way' } });
    const image = await until(() => images.verify(digest));
    expect(image.treePath, 'with its hash tree').toMatch(/verity\.tree$/);
    expect(logged.filter((line) => line === 'image fetched')).toHaveLength(1);
    await rm(exported, { recursive: true });
    expect(await images.open(digest), 'what is there is not fetched').toEqual(image);
  });

  test('given a source that lies in one block / when its image is fetched / then the block is named, and the next source goes on from there', async () => {
    const { dir, host, digest, exported } = await given();
    const liar = join(dir, 'liar');
    await cp(exported, liar, { recursive: true });
    await changeByte(join(liar, digest, 'rootfs.raw'), 70 * 4096 + 1);
    const alone = host([`dir:${liar}`]);
    await expect(until(() => alone.images.verify(digest))).rejects.toMatchObject({
      code: 'fetch-failed',
      message: expect.stringMatching(/dir:.*liar: block 70 of 150 \(byte 286720\) is not the image's/),
    });
    const both = host([`dir:${liar}`, `dir:${exported}`]);
    await until(() => both.images.verify(digest));
    expect(both.logged.join('\n')).toContain(`rootfs: going on from byte ${70 * 4096} of ${150 * 4096}`);
  });

  test('given a fetch that failed / when it is asked for again / then why is said once, and the next question begins anew', async () => {
    const { dir, host, digest, exported } = await given();
    const late = join(dir, 'late');
    const { images } = host([`dir:${late}`]);
    await expect(until(() => images.verify(digest))).rejects.toMatchObject({ code: 'fetch-failed' });
    await cp(exported, late, { recursive: true });
    expect((await until(() => images.verify(digest))).rootfsPath).toContain(digest);
  });

  test('given a source that says nothing / when the host stops / then the fetch ends at once and what came is kept', async () => {
    const { host, digest, cacheDir } = await given();
    const server = createServer((_request, response) => void response.write('{'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const { images } = host([`http://127.0.0.1:${address.port}`]);
    const asked = once(server, 'request');
    await expect(images.verify(digest)).rejects.toMatchObject({ code: 'image-on-its-way' });
    await asked;
    await images.stop();
    expect(await readdir(join(imagesDir(cacheDir), '.fetching', 'images'))).toEqual([digest]);
  });

  test('given no source / when an image is asked for / then it is missing, as on a host without a network', async () => {
    const { host, digest } = await given();
    await expect(host([]).images.verify(digest)).rejects.toMatchObject({ code: 'image-not-found' });
    const boot = host([]).images.openBoot('0'.repeat(64));
    await expect(boot).rejects.toMatchObject({ code: 'boot-image-not-found' });
  });

  test('given a boot image that no source has / when it is asked for / then each source is named', async () => {
    const { host, exported } = await given();
    const { images } = host([`dir:${exported}`]);
    await expect(until(() => images.openBoot('0'.repeat(64)))).rejects.toMatchObject({
      ...{ code: 'fetch-failed', message: expect.stringContaining(exported) },
    });
  });
});

/** Asks as a VM does, until it is there or why not is said. */
async function until<T>(ask: () => Promise<T>): Promise<T> {
  const found = await vi.waitFor(
    () =>
      ask().then(
        (value) => ({ value }),
        (error: unknown) => {
          if (error instanceof Error && 'code' in error && error.code === 'image-on-its-way') throw error;
          return { error };
        },
      ),
    { timeout: 10_000, interval: 20 },
  );
  if ('error' in found) throw found.error;
  return found.value;
}

/** An exported image with a dm-verity tree of 150 blocks, and hosts that share one cache without it. */
async function given() {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-fetched-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const disk = randomBytes(150 * 4096);
  disk.writeUInt16LE(0xef53, 1080);
  const [source, kernel, initrd] = [join(dir, 'disk'), join(dir, 'vmlinuz'), join(dir, 'initrd')];
  await writeFile(source, disk);
  for (const path of [kernel, initrd]) await writeFile(path, randomBytes(5_000));
  const elsewhere = join(dir, 'elsewhere');
  const { digest } = await importImage({
    ...{ cacheDir: elsewhere, report: silent, source, kernel, initrd, name: 'mine', sshUser: 'root', cmdline: 'quiet' },
    ...{ minMemoryBytes: 1_048_576, os: { id: 'unknown', version: 'unknown' }, sealed: true },
  });
  const exported = join(dir, 'exported');
  await mkdir(exported);
  await exportImage(digest, { cacheDir: elsewhere, to: exported, report: silent });
  const cacheDir = join(dir, 'cache');
  const host = (sources: readonly string[]) => {
    const logged: string[] = [];
    const log = (_level: string, message: string, fields: Readonly<Record<string, unknown>> = {}): void =>
      void logged.push('progress' in fields ? String(fields.progress) : message);
    const images = createFetchedImages({ cached: createCachedImages(cacheDir), cacheDir, from: { sources }, log });
    onTestFinished(() => images.stop());
    return { images, logged };
  };
  return { dir, digest: digest as ImageDigest, exported, cacheDir, host };
}

async function changeByte(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  await file.write(Buffer.from([byte.readUInt8(0) ^ 1]), 0, 1, at);
  await file.close();
}
