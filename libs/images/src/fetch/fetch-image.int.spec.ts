import { createHash, createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { silent } from '#host';
import { hashFile } from '../hash-file.ts';
import { canonicalManifest, type ImageManifest, imageDigest } from '../manifest.ts';
import { imagesDir, openImage, verifyImage } from '../store.ts';
import { describeVerity } from '../verity/describe-verity.ts';
import { exportImage } from './export-image.ts';
import { fetchImage } from './fetch-image.ts';

describe('an image fetched by its digest', () => {
  test('given an exported image / when it is fetched from that directory / then the cache has it, whole', async () => {
    const { digest, dir, cacheDir, exported } = await given();
    const fetched = await fetchImage(digest, [`dir:${exported}`], { cacheDir, report: silent });
    await verifyImage(fetched.dir);
    expect(fetched.treePath).toBe(join(fetched.dir, 'verity.tree'));
    await rm(exported, { recursive: true });
    const again = await fetchImage(digest, [`dir:${exported}`], { cacheDir, report: silent });
    expect(again.dir, 'what is there is not fetched').toBe(fetched.dir);
    const twice = await exportImage(digest, { cacheDir, to: join(dir, 'again'), report: silent });
    expect((await readdir(twice.dir)).sort()).toEqual([...twice.files].sort());
  });

  test('given a server that breaks off / when it is asked again / then the fetch goes on from the last good block', async () => {
    const { digest, cacheDir, exported } = await given();
    const ranges: string[] = [];
    let broken = false;
    const origin = await serve(async (request, response) => {
      const role = /^\/v1\/images\/[0-9a-f]{64}\/files\/(\w+)$/.exec(request.url ?? '')?.[1] ?? '';
      if (role === 'rootfs') ranges.push(request.headers.range ?? 'all');
      const body = await readFile(join(exported, digest, fileNames[role] ?? ''));
      if (role !== 'rootfs' || broken) return sendRange(request, response, body);
      broken = true;
      response.writeHead(200, { 'content-length': body.length });
      response.write(body.subarray(0, 10 * 4096 + 100), () => response.destroy());
    });
    await verifyImage((await fetchImage(digest, [origin], { cacheDir, report: silent })).dir);
    expect(ranges).toEqual(['all', 'bytes=40960-']);
  });

  test('given a source with one changed bit / when the block comes / then it is named, and the next source goes on from there', async () => {
    const { digest, dir, cacheDir, exported } = await given();
    const bad = join(dir, 'bad');
    await cp(exported, bad, { recursive: true });
    const rootfs = join(bad, digest, 'rootfs.raw');
    const bytes = await readFile(rootfs);
    bytes.writeUInt8(bytes.readUInt8(200 * 4096 + 7) ^ 1, 200 * 4096 + 7);
    await writeFile(rootfs, bytes);

    const alone = fetchImage(digest, [`dir:${bad}`], { cacheDir, report: silent });
    await expect(alone).rejects.toMatchObject({
      code: 'fetch-failed',
      message: expect.stringContaining('block 200 of 300 (byte 819200) is not the image'),
    });
    await expect(openImage(cacheDir, digest), 'nothing of it is in the cache').rejects.toMatchObject({
      code: 'image-not-found',
    });
    const part = join(imagesDir(cacheDir), '.fetching', 'images', digest, 'rootfs.raw');
    expect((await readFile(part)).equals(bytes.subarray(0, 200 * 4096)), 'and only good blocks are kept').toBe(true);
    // What a crash leaves may be half a block, and what somebody else wrote.
    await writeFile(part, Buffer.concat([bytes.subarray(0, 150 * 4096), randomBytes(5000)]));
    const steps: string[] = [];
    const report = ({ detail }: { detail: string }): void => void steps.push(detail);
    await verifyImage((await fetchImage(digest, [`dir:${bad}`, `dir:${exported}`], { cacheDir, report })).dir);
    expect(steps).toContain(`rootfs: going on from byte ${150 * 4096} of ${300 * 4096}`);
    expect(steps).toContain(`rootfs: going on from byte ${200 * 4096} of ${300 * 4096}`);
  });

  test.each(['manifest.json', 'vmlinuz', 'verity.tree'])(
    'given a source whose %s is another / when the image is fetched / then it is refused by name and nothing is kept of it',
    async (name) => {
      const { digest, cacheDir, exported } = await given();
      const path = join(exported, digest, name);
      const bytes = await readFile(path);
      // A manifest that says another name, and a file with one changed bit.
      const changed = Buffer.from(name === 'manifest.json' ? bytes.toString().replace('"tiny"', '"tinx"') : bytes);
      if (name !== 'manifest.json') changed.writeUInt8(changed.readUInt8(0) ^ 1, 0);
      await writeFile(path, changed);
      await expect(fetchImage(digest, [`dir:${exported}`], { cacheDir, report: silent })).rejects.toMatchObject({
        code: 'fetch-failed',
      });
      await expect(openImage(cacheDir, digest)).rejects.toMatchObject({ code: 'image-not-found' });
      await writeFile(path, bytes);
      await verifyImage((await fetchImage(digest, [`dir:${exported}`], { cacheDir, report: silent })).dir);
    },
  );

  test('given an S3-compatible store / when an image is fetched / then each request is signed, and another key is refused', async () => {
    const { digest, cacheDir, exported } = await given();
    const key = { accessKeyId: 'OURKEY', secretAccessKey: 'our/secret', region: 'eu-test-1' };
    const origin = await serve(async (request, response) => {
      if (!isSigned(request, key)) return void response.writeHead(403).end();
      const path = (request.url ?? '').replace(/^\/images\/public/, '');
      return sendRange(request, response, await readFile(join(exported, path)));
    });
    const sources = ['s3://images/public'];
    const wrong = { ...key, endpoint: origin, secretAccessKey: 'another' };
    await expect(fetchImage(digest, sources, { cacheDir, report: silent, s3: wrong })).rejects.toThrow('HTTP 403');
    const s3 = { ...key, endpoint: origin };
    await verifyImage((await fetchImage(digest, sources, { cacheDir, report: silent, s3 })).dir);
  });

  test('given an S3-compatible store / when an image is exported to it / then it is fetched from there, and is sent once', async () => {
    const { digest, dir, origin, cacheDir } = await given();
    const key = { accessKeyId: 'OURKEY', secretAccessKey: 'our/secret', region: 'eu-test-1' };
    const objects = new Map<string, Buffer>();
    const put: string[] = [];
    const endpoint = await serve(async (request, response) => {
      const path = request.url ?? '';
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      if (!isSigned(request, key)) return void response.writeHead(403).end();
      const stored = objects.get(path);
      if (request.method === 'GET') {
        return stored === undefined ? void response.writeHead(404).end() : sendRange(request, response, stored);
      }
      const digestOf = createHash('sha256').update(body).digest('hex');
      if (digestOf !== request.headers['x-amz-content-sha256']) return void response.writeHead(400).end();
      put.push(path);
      objects.set(path, body);
      response.end();
    });
    const options = { cacheDir: origin, to: 's3://images/public', report: silent, s3: { ...key, endpoint } };
    const wrong = exportImage(digest, { ...options, s3: { ...options.s3, secretAccessKey: 'another' } });
    await expect(wrong).rejects.toMatchObject({ code: 'export-failed', message: expect.stringContaining('HTTP 403') });
    expect(await exportImage(digest, options)).toMatchObject({ dir: `s3://images/public/${digest}` });
    expect(put.at(-1), 'the manifest goes last').toBe(`/images/public/${digest}/manifest.json`);
    expect(put).toHaveLength(6);
    await exportImage(digest, options);
    expect(put, 'what is there is not sent again').toHaveLength(6);
    const fetched = { cacheDir, report: silent, s3: options.s3 };
    await verifyImage((await fetchImage(digest, [options.to], fetched)).dir);
    const nowhere = exportImage(digest, { ...options, s3: undefined });
    await expect(nowhere).rejects.toMatchObject({ code: 'source-unknown' });
    expect(await readdir(dir)).not.toContain('s3:');
  });

  test('given an IPFS gateway that knows no ranges / when an image is fetched by its CID / then it is checked like any', async () => {
    const { digest, cacheDir, exported } = await given();
    const cid = 'bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi';
    const ipfsGateway = await serve(async (request, response) => {
      const name = new RegExp(`^/ipfs/${cid}/${digest}/([a-z.]+)$`).exec(request.url ?? '')?.[1];
      if (name === undefined) return void response.writeHead(404).end();
      response.end(await readFile(join(exported, digest, name)));
    });
    await verifyImage((await fetchImage(digest, [`ipfs:${cid}`], { cacheDir, report: silent, ipfsGateway })).dir);
  });

  test.each([
    ['ftp://x', 'wanted dir:/PATH'],
    ['s3://images', 'credentials of the store, which are not set'],
    ['ipfs:bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi', 'an IPFS gateway, which is not set'],
  ])(
    'given the source %s / when an image is fetched / then it is refused with what is wanted',
    async (source, words) => {
      const { digest, cacheDir } = await given();
      const fetched = fetchImage(digest, [source], { cacheDir, report: silent });
      await expect(fetched).rejects.toMatchObject({ code: 'source-unknown', message: expect.stringContaining(words) });
    },
  );

  test('given no source / when an image is fetched / then that is said', async () => {
    const { digest, cacheDir } = await given();
    await expect(fetchImage(digest, [], { cacheDir, report: silent })).rejects.toThrow('no source was named');
  });
});

const fileNames: Readonly<Record<string, string>> = {
  ...{ manifest: 'manifest.json', kernel: 'vmlinuz', initrd: 'initrd.cpio' },
  ...{ rootfs: 'rootfs.raw', tree: 'verity.tree', packages: 'packages.json' },
};

/** An image of 300 blocks, exported into a directory, and a cache that has none. */
async function given() {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-fetch-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const out = join(dir, 'out');
  await mkdir(out);
  const packages = [{ name: 'busybox-static', version: '1', sha256: '0'.repeat(64) }];
  await writeFile(join(out, 'vmlinuz'), randomBytes(5000));
  await writeFile(join(out, 'initrd.cpio'), randomBytes(9000));
  await writeFile(join(out, 'rootfs.raw'), randomBytes(300 * 4096));
  await writeFile(join(out, 'packages.json'), JSON.stringify(packages));
  const list = await hashFile(join(out, 'packages.json'));
  const manifest: ImageManifest = {
    ...{ manifestVersion: 3, name: 'tiny', version: '3-6.1', architecture: 'x86_64', cmdline: 'quiet' },
    ...{ sshUser: 'root', minMemoryBytes: 1, packages, os: { id: 'busybox', version: 'bookworm' } },
    inputs: { kind: 'packages', sha256: list.sha256, count: 1 },
    kernel: await hashFile(join(out, 'vmlinuz')),
    initrd: await hashFile(join(out, 'initrd.cpio')),
    ...(await describeVerity(out)),
  };
  await writeFile(join(out, 'manifest.json'), canonicalManifest(manifest));
  const digest = imageDigest(manifest);
  const origin = join(dir, 'origin');
  await mkdir(imagesDir(origin), { recursive: true });
  await rename(out, join(imagesDir(origin), digest));
  const exported = join(dir, 'exported');
  await exportImage(digest, { cacheDir: origin, to: exported, report: silent });
  return { dir, digest, origin, exported, cacheDir: join(dir, 'cache') };
}

type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

async function serve(answer: Answer): Promise<string> {
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.writeHead(500).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}

function sendRange(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const rest = body.subarray(from);
  const range = { 'content-range': `bytes ${from}-${body.length - 1}/${body.length}` };
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': rest.length, ...(from > 0 && range) }).end(rest);
}

/** The store's half of AWS Signature Version 4, written from its description. */
function isSigned(
  { method = '', url = '', headers }: IncomingMessage,
  { accessKeyId, secretAccessKey, region }: { accessKeyId: string; secretAccessKey: string; region: string },
): boolean {
  const [, id, day, signed, signature] =
    /^AWS4-HMAC-SHA256 Credential=(\w+)\/(\d{8})\/eu-test-1\/s3\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    ) ?? [];
  if (id !== accessKeyId || day === undefined || signed === undefined) return false;
  const lines = signed.split(';').map((name) => `${name}:${String(headers[name])}\n`);
  const request = [method, url, '', lines.join(''), signed, String(headers['x-amz-content-sha256'])].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const sha = createHash('sha256').update(request).digest('hex');
  const text = ['AWS4-HMAC-SHA256', String(headers['x-amz-date']), scope, sha].join('\n');
  const hmac = (key: string | Buffer, value: string): Buffer => createHmac('sha256', key).update(value).digest();
  const key = [region, 's3', 'aws4_request'].reduce(hmac, hmac(`AWS4${secretAccessKey}`, day));
  return hmac(key, text).toString('hex') === signature;
}
