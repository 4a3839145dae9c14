import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { findTool, type Progress, requireTool, run, silent } from '#host';
import { imageFailure } from './build-once.ts';
import { fetchFile } from './fetch-file.ts';
import { importImage } from './import-image.ts';
import { imagesDir, listImages, verifyImage } from './store.ts';

const missing = (await Promise.all((['qemu-img', 'mke2fs'] as const).map((name) => findTool(name)))).flatMap((tool) =>
  tool.kind === 'missing' ? [tool.wanted] : [],
);
const reason = missing.length === 0 ? '' : ` (skipped: no ${missing.join(', no ')})`;
const mebibyte = 1024 * 1024;

describe.skipIf(missing.length > 0)(`importing a disk${reason}`, () => {
  test('given one disk as raw and as qcow2 / when both are imported / then both root file systems are the same, and every byte is known', async () => {
    const { dir, raw, ask } = await given();
    const qcow2 = join(dir, 'disk.qcow2');
    await run(await requireTool('qemu-img'), ['convert', '-f', 'raw', '-O', 'qcow2', '-c', raw, qcow2]);
    const one = await importImage(ask({ source: raw, sha256: await shaOf(raw) }));
    const two = await importImage(ask({ source: qcow2 }));
    expect(two.manifest.rootfs).toEqual(one.manifest.rootfs);
    expect(two.digest, 'what it was made from is part of what it is').not.toBe(one.digest);
    expect(one.manifest).toMatchObject({
      ...{ manifestVersion: 2, name: 'mine', sshUser: 'debian', os: { id: 'debian', version: '12' }, packages: [] },
      inputs: { kind: 'import', sha256: await shaOf(raw), count: 1 },
    });
    await verifyImage(two.dir);
    expect((await importImage(ask({ source: raw }))).digest, 'the same disk is the same image').toBe(one.digest);
  });

  test('given an ext4 root file system and its owner’s word / when it is imported as sealed / then it has a dm-verity tree, and a disk with partitions is refused', async () => {
    const { dir, raw, ask } = await given();
    const ext4 = join(dir, 'root.ext4');
    await writeFile(ext4, '');
    await truncate(ext4, 2 * mebibyte);
    await run(await requireTool('mke2fs'), ['-q', '-F', '-t', 'ext4', ext4]);
    await truncate(ext4, 2 * mebibyte + 512);
    const sealed = await importImage(ask({ source: ext4, sealed: true }));
    expect(sealed.manifest).toMatchObject({ manifestVersion: 3, verity: { dataBlocks: 513 } });
    await verifyImage(sealed.dir);
    const plain = await importImage(ask({ source: ext4 }));
    expect([plain.manifest.manifestVersion, plain.treePath]).toEqual([2, null]);
    const partitioned = join(dir, 'partitioned');
    await writeFile(partitioned, (await readFile(raw)).fill(0, 512, 4096).fill('55aa', 510, 512, 'hex'));
    await expect(importImage(ask({ source: partitioned, sealed: true }))).rejects.toMatchObject({ code: 'not-a-disk' });
  });

  test('given disks that must not come in / when they are imported / then each is refused by name and nothing is kept', async () => {
    const { dir, raw, ask, cacheDir } = await given();
    const qemuImg = await requireTool('qemu-img');
    const backed = join(dir, 'backed.qcow2');
    await run(qemuImg, ['create', '-q', '-f', 'qcow2', '-b', '/etc/hostname', '-F', 'raw', backed, '1M']);
    const elsewhere = join(dir, 'elsewhere.qcow2');
    await run(qemuImg, ['create', '-q', '-f', 'qcow2', '-o', `data_file=${join(dir, 'data')}`, elsewhere, '1M']);
    const damaged = join(dir, 'damaged.qcow2');
    await run(qemuImg, ['convert', '-f', 'raw', '-O', 'qcow2', raw, damaged]);
    const bytes = await readFile(damaged);
    // The header is in order; the first L1 entry leads beyond the end.
    bytes.writeBigUInt64BE(2n ** 55n, Number(bytes.readBigUInt64BE(40)));
    await writeFile(damaged, bytes);
    await truncate(join(dir, 'data'), 0);
    const page = join(dir, 'page');
    await writeFile(page, '<!DOCTYPE html>'.padEnd(512));
    const cases = [
      [{ source: backed }, 'disk-refers-elsewhere'],
      [{ source: elsewhere }, 'disk-refers-elsewhere'],
      [{ source: damaged }, 'not-a-disk'],
      [{ source: page }, 'not-a-disk'],
      [{ source: raw, sha256: '0'.repeat(64) }, 'sha256-differs'],
      [{ source: join(dir, 'none') }, 'fetch-failed'],
      [{ source: raw, kernel: join(dir, 'none') }, 'fetch-failed'],
    ] as const;
    for (const [changed, code] of cases) await expect(importImage(ask(changed)), code).rejects.toMatchObject({ code });
    expect(await listImages(cacheDir)).toEqual([]);
    expect((await readdir(imagesDir(cacheDir))).sort(), 'nothing half-made is left').toEqual(['recipes']);
  });

  test('given an address / when the connection breaks in the middle / then the fetch goes on from there', async () => {
    const { raw, ask } = await given();
    const content = await readFile(raw);
    const asked: string[] = [];
    const url = await served((request, response) => {
      asked.push(request.headers.range ?? 'all');
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      const head = {
        'content-length': content.length - from,
        'content-range': `bytes ${from}-${content.length - 1}/*`,
      };
      response.writeHead(from === 0 ? 200 : 206, head);
      if (asked.length === 1) response.write(content.subarray(0, mebibyte), () => response.destroy());
      else response.end(content.subarray(from));
    });
    const steps: string[] = [];
    const report = ({ detail }: Progress): unknown => steps.push(detail);
    const image = await importImage({ ...ask({ source: url, sha256: await shaOf(raw) }), report });
    await verifyImage(image.dir);
    expect(asked).toEqual(['all', expect.stringMatching(/^bytes=\d+-$/)]);
    expect(steps.join('\n')).toMatch(/asking again from byte \d+/);
  });

  test('given an address without a digest / when it is imported / then nothing is asked', async () => {
    const { ask } = await given();
    await expect(importImage(ask({ source: 'http://127.0.0.1:1/disk' }))).rejects.toMatchObject({
      message: expect.stringContaining('--sha256'),
    });
  });
});

describe('fetching a file', () => {
  const fetched = async (handle: Handler, options: { sha256?: string; stallMs?: number; bytesMax?: number } = {}) => {
    const dir = await freshDir();
    const path = join(dir, 'parts', 'file');
    const url = await served(handle);
    const outcome = await fetchFile({ url, path, report: silent, sha256: '0'.repeat(64), ...options }).then(
      () => 'fetched',
      (error: unknown) => error,
    );
    return { outcome, left: await readdir(join(dir, 'parts')) };
  };

  test('given other bytes than were promised / when they have come / then they are removed, and both digests are named', async () => {
    const { outcome, left } = await fetched((_request, response) => response.end('other'));
    expect(outcome).toMatchObject({ code: 'sha256-differs', facts: { observed: sha256('other') } });
    expect(left).toEqual([]);
  });

  test('given more than is wanted, said or unsaid / when it comes / then the fetch ends at the limit', async () => {
    const said = await fetched(
      (_request, response) => response.writeHead(200, { 'content-length': 10 ** 12 }).write('x'),
      {
        bytesMax: 1_000,
      },
    );
    expect(said).toMatchObject({ outcome: { code: 'image-too-large' }, left: [] });
    const endless = await fetched(
      (_request, response) => {
        const more = (): void => {
          if (!response.destroyed) response.write(Buffer.alloc(500), more);
        };
        more();
      },
      { bytesMax: 1_000 },
    );
    expect(endless).toMatchObject({ outcome: { code: 'image-too-large' }, left: [] });
  });

  test('given a server that falls silent / when it stays so / then the fetch gives up by name and keeps what came', async () => {
    let asked = 0;
    const { outcome, left } = await fetched(
      (request, response) => {
        asked += 1;
        if (request.headers.range === undefined) response.writeHead(200, { 'content-length': 10 }).write('half');
      },
      { stallMs: 100 },
    );
    expect(outcome).toMatchObject({ code: 'fetch-failed', message: expect.stringContaining('nothing for 100 ms') });
    expect(left).toEqual(['file']);
    expect(asked).toBeGreaterThan(2);
  });

  test('given a server that sends us on / when it ends the connection while we are slow / then all of it comes', async () => {
    const content = Buffer.alloc(24 * mebibyte, 7);
    const dir = await freshDir();
    const url = await served((request, response) => {
      if (request.url === '/disk') response.writeHead(302, { location: '/there', connection: 'close' }).end();
      else response.writeHead(200, { 'content-length': content.length, connection: 'close' }).end(content);
    });
    const path = join(dir, 'file');
    await fetchFile({ url, path, report: silent, sha256: sha256(content) });
    expect(await shaOf(path)).toBe(sha256(content));
    const round = await served((_request, response) => response.writeHead(302, { location: '/disk' }).end());
    const outcome = await fetched((_request, response) => response.writeHead(302, { location: round }).end());
    expect(outcome.outcome).toMatchObject({ message: expect.stringContaining('redirects') });
  });

  test('given a full disk / when a byte is to be kept / then it is named at once and not asked again', async () => {
    const dir = await freshDir();
    const path = join(dir, 'file');
    await symlink('/dev/full', path);
    let asked = 0;
    const url = await served((_request, response) => {
      asked += 1;
      response.end('some bytes');
    });
    const failure = await fetchFile({ url, path, report: silent, sha256: '0'.repeat(64) }).catch(
      (error: unknown) => error,
    );
    expect(asked).toBe(1);
    expect(imageFailure(failure, dir)).toMatchObject({ code: 'disk-full', message: expect.stringContaining(dir) });
    const said = new Error('mke2fs exited with code 1: No space left on device');
    expect(imageFailure(said, dir)).toMatchObject({ code: 'disk-full' });
  });

  test('given an answer that is no file / when it comes / then its status is named', async () => {
    const { outcome } = await fetched((_request, response) => response.writeHead(404).end('no'));
    expect(outcome).toMatchObject({ code: 'fetch-failed', message: expect.stringContaining('HTTP 404') });
  });
});

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

async function served(handle: Handler): Promise<string> {
  const server = createServer((request, response) => void handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}/disk`;
}

async function freshDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-import-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** A raw disk with a file system, a kernel and a first RAM disk, and an empty cache. */
async function given() {
  const dir = await freshDir();
  const cacheDir = join(dir, 'cache');
  const raw = join(dir, 'disk.raw');
  await mkdir(join(dir, 'tree'));
  await writeFile(join(dir, 'tree', 'hello'), 'hello');
  await run(await requireTool('mke2fs'), ['-q', '-F', '-t', 'ext4', '-d', join(dir, 'tree'), raw, '4M']);
  await writeFile(join(dir, 'vmlinuz'), 'kernel');
  await writeFile(join(dir, 'initrd'), 'initrd');
  const ask = (changed: { source: string; sha256?: string; kernel?: string; sealed?: boolean }) => ({
    ...{ cacheDir, report: silent, kernel: join(dir, 'vmlinuz'), initrd: join(dir, 'initrd'), name: 'mine' },
    ...{ cmdline: 'console=ttyS0', sshUser: 'debian', minMemoryBytes: mebibyte, os: { id: 'debian', version: '12' } },
    ...changed,
  });
  return { dir, cacheDir, raw, ask };
}

async function shaOf(path: string): Promise<string> {
  return sha256(await readFile(path));
}

function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
