import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { silent } from '#host';
import { bootsDir, fetchBootImage, fetchImage, guestBootDigest, type Image, importImage, verifyImage } from '#images';
import { type Booted, boot } from '../../../../../test/orchestrator/booted.ts';

describe('files of images over HTTP', () => {
  it('given a registered image, then a miner that trusts nobody fetches it whole by its digest', async () => {
    const { api, image, dir } = await given();
    const fetched = await fetchImage(image.digest, [api.url], { cacheDir: join(dir, 'miner'), report: silent });
    await verifyImage(fetched.dir);
    expect(fetched.manifest).toEqual(image.manifest);
  });

  it('given a range, then that part comes and says which; given none that is in the file, then that is refused', async () => {
    const { api, image } = await given();
    const url = `${api.url}/v1/images/${image.digest}/files/rootfs`;
    const bytes = await readFile(image.rootfsPath);
    const ask = (range?: string, method = 'GET') =>
      fetch(url, { method, headers: range === undefined ? {} : { range } });
    const rest = await ask(`bytes=${bytes.length - 100}-`);
    expect([rest.status, rest.headers.get('content-range'), rest.headers.get('content-length')]).toEqual([
      ...[206, `bytes ${bytes.length - 100}-${bytes.length - 1}/${bytes.length}`, '100'],
    ]);
    expect(Buffer.from(await rest.arrayBuffer()).equals(bytes.subarray(-100))).toBe(true);
    const whole = await ask();
    expect([whole.status, whole.headers.get('accept-ranges')]).toEqual([200, 'bytes']);
    expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true);
    const head = await ask(undefined, 'HEAD');
    expect([head.status, head.headers.get('content-length')]).toEqual([200, `${bytes.length}`]);
    const beyond = await ask(`bytes=${bytes.length}-`);
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${bytes.length}`]);
    expect(await beyond.json()).toMatchObject({ code: 'range-unsatisfiable' });
  });

  it('given an image that is in the cache and not registered, a file it does not have, or no name of one, then nothing comes', async () => {
    const { api, image, dir } = await given();
    const other = await imported(dir, 'other');
    const no = { status: 404, body: { code: 'image-not-found' } };
    expect(await api.call('GET', `/v1/images/${other.digest}/files/rootfs`)).toMatchObject(no);
    expect(await api.call('GET', `/v1/images/${image.digest}/files/packages`)).toMatchObject(no);
    const path = `/v1/images/${image.digest}/files/${encodeURIComponent('../manifest.json')}`;
    expect(await api.call('GET', path)).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
    expect(await api.call('GET', `/v1/boots/${'0'.repeat(64)}/files/kernel`)).toMatchObject(no);
  });

  it('given a server with no cache to give from, then it says so', async () => {
    const { dir } = await given();
    const api = await boot();
    const image = await imported(dir, 'other');
    await register(api, image);
    expect(await api.call('GET', `/v1/images/${image.digest}/files/manifest`)).toMatchObject({
      ...{ status: 404, body: { code: 'image-not-found', detail: expect.stringContaining('HCC_IMAGE_CACHE_DIR') } },
    });
  });

  it('given a boot image, then a miner fetches it by its digest, and no other bytes under that name', async () => {
    const { api, dir, cacheDir } = await given();
    const files = { kernel: randomBytes(70_000), initrd: randomBytes(300_000) };
    const manifest = {
      ...{ manifestVersion: 1, name: 'guest-boot', networkKind: 'simulated', kernelRelease: '6.1', agent: {} },
      ...{ kernel: fileOf(files.kernel), initrd: fileOf(files.initrd), node: '0'.repeat(64), packages: [] },
    } as const;
    const digest = guestBootDigest(manifest);
    const from = join(bootsDir(cacheDir), digest);
    await mkdir(from, { recursive: true });
    await writeFile(join(from, 'manifest.json'), JSON.stringify(manifest));
    await writeFile(join(from, 'vmlinuz'), files.kernel);
    await writeFile(join(from, 'initrd.cpio'), Buffer.from(files.initrd).fill(0, 10, 20));
    const options = { cacheDir: join(dir, 'miner'), report: silent };
    const refused = fetchBootImage(digest, [api.url], options);
    await expect(refused).rejects.toMatchObject({ code: 'fetch-failed', message: expect.stringContaining('initrd') });
    await writeFile(join(from, 'initrd.cpio'), files.initrd);
    const fetched = await fetchBootImage(digest, [api.url], options);
    expect((await readFile(fetched.initrdPath)).equals(files.initrd)).toBe(true);
  });
});

const fileOf = (bytes: Buffer) => ({
  sha256: createHash('sha256').update(bytes).digest('hex'),
  bytes: bytes.length,
});

/** An orchestrator that gives images from a cache, which has one. */
async function given() {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-files-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const cacheDir = join(dir, 'cache');
  const image = await imported(dir, 'mine');
  const api = await boot({ imageCacheDir: cacheDir });
  await register(api, image);
  return { api, dir, cacheDir, image };
}

/** An image with a dm-verity tree: what an ext4 file system has where it says so, and noise. */
async function imported(dir: string, name: string): Promise<Image> {
  const disk = randomBytes(150 * 4096);
  // Else some begin as a web page does, or an archive.
  disk[0] = 0;
  disk.writeUInt16LE(0xef53, 1080);
  const [source, kernel, initrd] = [join(dir, 'disk'), join(dir, 'vmlinuz'), join(dir, 'initrd')];
  await writeFile(source, disk);
  for (const path of [kernel, initrd]) await writeFile(path, randomBytes(5_000));
  return importImage({
    ...{
      cacheDir: join(dir, 'cache'),
      report: silent,
      source,
      kernel,
      initrd,
      name,
      sshUser: 'root',
      cmdline: 'quiet',
    },
    ...{ minMemoryBytes: 1_048_576, os: { id: 'unknown', version: 'unknown' }, sealed: true },
  });
}

async function register({ must }: Booted, { digest, manifest }: Image): Promise<void> {
  const { body } = await must('POST', '/v1/images', { body: { digest, manifest } });
  await must('GET', `/v1/images/${digest}?atLeast=${body.position}`);
}
