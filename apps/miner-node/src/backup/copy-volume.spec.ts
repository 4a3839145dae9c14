import { randomBytes } from 'node:crypto';
import { appendFile, readFile, stat } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { BackupOutcome } from '#domain';
import { away, backupId, fill, madeOf, never, newBench, overwrite, piece, vmId } from './backup.fixture.ts';

describe('a backup', () => {
  test('given a volume / when it is copied and put back on another host / then it is the same, and holes are holes', async () => {
    const { a, b, puts } = await newBench();
    const bytes = await fill(a.volume);
    const made = madeOf(await a.backups.copy({ vmId, backupId: backupId(1) }, never));
    expect(made).toMatchObject({ bytes: bytes.length, chunks: 6, newBytes: 3 * piece + 4_096 });
    expect(puts).toHaveLength(5);
    expect(puts.at(-1)).toBe(made.manifestSha256);
    const { manifestSha256 } = made;
    const restored = await b.backups.restore({ vmId, manifestSha256, diskBytesMax: bytes.length }, never);
    expect(restored).toEqual({ bytes: bytes.length });
    expect((await readFile(b.volume)).equals(bytes)).toBe(true);
    const { blocks, size, mode } = await stat(b.volume);
    expect(blocks * 512).toBeLessThan(size - piece);
    expect(mode & 0o777).toBe(0o600);
  });

  test('given one sector that changed / when it is copied again / then that piece and the list are sent, and nothing else', async () => {
    const { a, puts } = await newBench();
    await fill(a.volume);
    const first = madeOf(await a.backups.copy({ vmId, backupId: backupId(1) }, never));
    await overwrite(a.volume, piece + 512, randomBytes(512));
    puts.length = 0;
    const second = madeOf(await a.backups.copy({ vmId, backupId: backupId(2) }, never));
    expect(second).toMatchObject({ newBytes: piece, chunks: first.chunks });
    expect(puts).toHaveLength(2);
  });

  test('given an agent that ends in the middle / when the next one copies again / then what is there is not sent again', async () => {
    const { a, bench, puts } = await newBench();
    await fill(a.volume);
    const stop = new AbortController();
    bench.beforePut = async () => {
      if (puts.length >= 2) stop.abort();
      stop.signal.throwIfAborted();
    };
    await expect(a.backups.copy({ vmId, backupId: backupId(1) }, stop.signal)).rejects.toThrow();
    const sent = puts.length;
    bench.beforePut = async () => undefined;
    madeOf(await a.backups.copy({ vmId, backupId: backupId(1) }, never));
    expect(puts).toHaveLength(5);
    expect(new Set(puts).size).toBe(5);
    expect(sent).toBeGreaterThan(0);
  });

  test('given a store that is away for a moment / then the copy waits; one that stays away ends it, by name', async () => {
    const { a, bench, clock, logged } = await newBench();
    await fill(a.volume);
    let failures = 3;
    bench.beforePut = async () => {
      if (failures-- > 0) throw away();
    };
    const through = async (copying: Promise<BackupOutcome>) => {
      let isOver = false;
      void copying.finally(() => {
        isOver = true;
      });
      while (!isOver) {
        await clock.advance(1_000);
        await new Promise((resolve) => setImmediate(resolve));
      }
      return copying;
    };
    madeOf(await through(a.backups.copy({ vmId, backupId: backupId(1) }, never)));
    expect(logged.filter((line) => line.includes('asked again'))).toHaveLength(3);
    await appendFile(a.volume, randomBytes(4_096));
    failures = Number.POSITIVE_INFINITY;
    const outcome = await through(a.backups.copy({ vmId, backupId: backupId(2) }, never));
    expect(outcome).toMatchObject({ outcome: 'failed', code: 'backup-store-unavailable', backupId: backupId(2) });
  });

  test('given a volume that somebody writes meanwhile / then there is no backup of it', async () => {
    const { a, bench } = await newBench();
    await fill(a.volume);
    bench.beforePut = () => overwrite(a.volume, 0, randomBytes(512));
    const outcome = await a.backups.copy({ vmId, backupId: backupId(1) }, never);
    expect(outcome).toMatchObject({ outcome: 'failed', code: 'volume-changed' });
  });

  test('given a backup / when a host is asked whether it sees it / then only one with that store does, and each names its store', async () => {
    const { a, b, host, store } = await newBench();
    await fill(a.volume);
    const { manifestSha256 } = madeOf(await a.backups.copy({ vmId, backupId: backupId(1) }, never));
    const there = { store: store.name, isThere: true };
    expect(await b.backups.sees({ vmId, manifestSha256 })).toEqual(there);
    expect(await b.backups.sees({ vmId, manifestSha256: 'c'.repeat(64) })).toEqual({ ...there, isThere: false });
    expect(await (await host('c', null)).backups.sees({ vmId, manifestSha256 })).toEqual({
      store: null,
      isThere: false,
    });
  });

  test('given no volume, or no store / then that is said, and what to do', async () => {
    const { a, host } = await newBench();
    const copied = { vmId, backupId: backupId(1) };
    expect(await a.backups.copy(copied, never)).toMatchObject({ outcome: 'failed', code: 'no-disk' });
    const { backups } = await host('c', null);
    const none = { code: 'no-backup-store', detail: expect.stringContaining('HCC_BACKUP_STORE') };
    expect(await backups.copy(copied, never)).toMatchObject({ outcome: 'failed', ...none });
    const manifestSha256 = 'a'.repeat(64);
    await expect(backups.restore({ vmId, manifestSha256, diskBytesMax: 1 }, never)).rejects.toMatchObject({
      code: 'no-backup-store',
    });
  });
});
