import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { BackupStoreError } from '#events';
import { backupId, fill, madeOf, never, newBench, otherId, overwrite, piece, vmId } from './backup.fixture.ts';
import { encodeManifest } from './manifest.ts';

describe('a restore', () => {
  const backedUp = async () => {
    const bench = await newBench();
    const bytes = await fill(bench.a.volume);
    const { manifestSha256 } = madeOf(await bench.a.backups.copy({ vmId, backupId: backupId(1) }, never));
    return { ...bench, bytes, wanted: { vmId, manifestSha256, diskBytesMax: bytes.length } };
  };

  test('given a volume that is here and has changed since / when it is put back / then only what differs is fetched', async () => {
    const { a, gets, bytes, wanted } = await backedUp();
    await overwrite(a.volume, 4 * piece, randomBytes(512));
    await overwrite(a.volume, 2 * piece, randomBytes(512));
    await a.backups.restore(wanted, never);
    expect(gets).toHaveLength(2);
    expect((await readFile(a.volume)).equals(bytes)).toBe(true);
    expect(await readdir(join(a.volume, '..'))).toEqual(['volume.luks']);
  });

  test('given a piece that is damaged, or gone / then the volume that is here stays as it is; once it is back, the rest is fetched', async () => {
    const { b, bench, gets, bytes, wanted } = await backedUp();
    await writeFile(b.volume, 'what is on this host');
    let left = 2;
    bench.beforeGet = async (sha256) => {
      if (sha256 !== wanted.manifestSha256 && left-- <= 0) throw new BackupStoreError('chunk-absent', 'no such piece');
    };
    await expect(b.backups.restore(wanted, never)).rejects.toMatchObject({ code: 'chunk-absent' });
    expect(await readFile(b.volume, 'utf8')).toBe('what is on this host');
    const fetched = gets.length;
    bench.beforeGet = async () => undefined;
    await b.backups.restore(wanted, never);
    expect((await readFile(b.volume)).equals(bytes)).toBe(true);
    // The list once more, and the pieces that were missing.
    expect(gets.length - fetched).toBe(1 + 4 - (fetched - 1));
  });

  test('given a list of another VM, of another form, or of more than the disk may have / then it is refused by name', async () => {
    const { a, store, wanted } = await backedUp();
    const put = async (bytes: Uint8Array, sha256: string) => {
      await store.chunksOf(vmId).put(sha256, bytes);
      return { ...wanted, manifestSha256: sha256 };
    };
    const form = { vmId: otherId, backupId: backupId(1), volumeBytes: 4_096, pieceBytes: 4_096, pieces: [null] };
    const others = [
      encodeManifest(form),
      encodeManifest({ ...form, vmId, pieces: [null, null] }),
      encodeManifest({ ...form, vmId, pieces: ['../../x'] }),
    ];
    for (const { sha256, bytes } of others) {
      const refused = a.backups.restore(await put(bytes, sha256), never);
      await expect(refused).rejects.toMatchObject({ code: 'backup-malformed' });
    }
    const small = { ...wanted, diskBytesMax: wanted.diskBytesMax - 1 };
    await expect(a.backups.restore(small, never)).rejects.toMatchObject({ code: 'backup-too-large' });
  });
});

describe('what no backup names any more', () => {
  const two = async () => {
    const bench = await newBench();
    await fill(bench.a.volume);
    const first = madeOf(await bench.a.backups.copy({ vmId, backupId: backupId(1) }, never));
    await overwrite(bench.a.volume, 0, randomBytes(512));
    const second = madeOf(await bench.a.backups.copy({ vmId, backupId: backupId(2) }, never));
    return { ...bench, first, second };
  };

  test('given the older of two goes / then its list and the one piece that only it had go, and the other is whole', async () => {
    const { a, b, removed, first, second } = await two();
    await a.backups.sweep({ vmId, keep: [second.manifestSha256] }, never);
    expect(removed).toHaveLength(2);
    expect(removed).toContain(first.manifestSha256);
    const { manifestSha256, bytes } = second;
    await b.backups.restore({ vmId, manifestSha256, diskBytesMax: bytes }, never);
    expect((await readFile(b.volume)).equals(await readFile(a.volume))).toBe(true);
  });

  test('given a list that cannot be read / then nothing goes at all, and that is said', async () => {
    const { a, removed, logged, second } = await two();
    await a.backups.sweep({ vmId, keep: [second.manifestSha256, 'e'.repeat(64)] }, never);
    expect(removed).toEqual([]);
    expect(logged.at(-1)).toBe('warn: pieces of backups stay in the store');
  });

  test('given no backup counts any more / then nothing of the VM is left in the store', async () => {
    const { a, store } = await two();
    await a.backups.sweep({ vmId, keep: [] }, never);
    const left: string[] = [];
    for await (const sha256 of store.chunksOf(vmId).list()) left.push(sha256);
    expect(left).toEqual([]);
  });
});
