import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { BackupStore } from '#events';

export const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export const webId = '11111111-1111-4111-8111-111111111111';
const dbId = '22222222-2222-4222-8222-222222222222';

/** A store that is empty, and what else its adapter can be done to. */
export type StoreBench = {
  readonly store: BackupStore;
  /** The same place opened again, as another agent would. */
  reopen(): Promise<BackupStore>;
  /** Puts other bytes where a piece of the VM `webId` is. */
  damage(sha256: string, bytes: Uint8Array): Promise<void>;
};

/** What every store of backups promises. */
export const describeBackupStore = (name: string, open: () => Promise<StoreBench>): void => {
  const names = async (store: BackupStore, vmId: string): Promise<readonly string[]> => {
    const found: string[] = [];
    for await (const sha256 of store.chunksOf(vmId).list()) found.push(sha256);
    return found.sort();
  };
  const piece = (length = 1_000) => {
    const bytes = new Uint8Array(randomBytes(length));
    return { bytes, sha256: digestOf(bytes) };
  };

  describe(`store of backups: ${name}`, () => {
    test('given pieces of any length / when they are put, twice / then they are there once, the same, and after a restart', async () => {
      const { store, reopen } = await open();
      const pieces = [piece(1), piece(4_096), piece(3 * 1024 * 1024 + 5)];
      for (const { sha256, bytes } of [...pieces, ...pieces]) await store.chunksOf(webId).put(sha256, bytes);
      for (const one of [store, await reopen()]) {
        expect(await names(one, webId)).toEqual(pieces.map(({ sha256 }) => sha256).sort());
        for (const { sha256, bytes } of pieces) {
          expect(await one.chunksOf(webId).has(sha256)).toBe(true);
          expect(Buffer.from(await one.chunksOf(webId).get(sha256)).equals(bytes)).toBe(true);
        }
      }
    });

    test('given many of one piece at once / when they are put / then none of them fails', async () => {
      const { store } = await open();
      const { sha256, bytes } = piece();
      await Promise.all(Array.from({ length: 8 }, () => store.chunksOf(webId).put(sha256, bytes)));
      expect(await names(store, webId)).toEqual([sha256]);
    });

    test('given more pieces than a page has / when they are listed / then each comes once', async () => {
      const { store } = await open();
      const pieces = Array.from({ length: 25 }, () => piece(8));
      await Promise.all(pieces.map(({ sha256, bytes }) => store.chunksOf(webId).put(sha256, bytes)));
      expect(await names(store, webId)).toEqual(pieces.map(({ sha256 }) => sha256).sort());
    });

    test('given two VMs with the same piece / when one loses it, twice / then the other has it', async () => {
      const { store } = await open();
      const { sha256, bytes } = piece();
      for (const vmId of [webId, dbId]) await store.chunksOf(vmId).put(sha256, bytes);
      await store.chunksOf(webId).remove(sha256);
      await store.chunksOf(webId).remove(sha256);
      expect([await store.chunksOf(webId).has(sha256), await store.chunksOf(dbId).has(sha256)]).toEqual([false, true]);
      expect([await names(store, webId), await names(store, dbId)]).toEqual([[], [sha256]]);
    });

    test('given no such piece / then that is told by name, and a VM without any has an empty list', async () => {
      const { store } = await open();
      const { sha256 } = piece();
      const refusal = { code: 'chunk-absent', message: expect.stringContaining(sha256) };
      await expect(store.chunksOf(webId).get(sha256)).rejects.toMatchObject(refusal);
      expect(await names(store, webId)).toEqual([]);
    });

    test('given a store that gives other bytes, fewer or none / when a piece is read / then it is refused as damaged', async () => {
      const { store, damage } = await open();
      const { sha256, bytes } = piece();
      await store.chunksOf(webId).put(sha256, bytes);
      for (const other of [piece().bytes, bytes.subarray(0, 999), new Uint8Array(0)]) {
        await damage(sha256, other);
        await expect(store.chunksOf(webId).get(sha256)).rejects.toMatchObject({ code: 'chunk-damaged' });
      }
    });

    test('given a name that is none, other bytes, or no id of a VM / then nothing is written', async () => {
      const { store } = await open();
      const { sha256, bytes } = piece();
      const chunks = store.chunksOf(webId);
      const refusal = { code: 'chunk-malformed' };
      await expect(chunks.put(digestOf(piece().bytes), bytes)).rejects.toMatchObject(refusal);
      for (const wrong of ['', '../../etc/passwd', sha256.toUpperCase(), `${sha256}0`, `${sha256}/`]) {
        await expect(chunks.put(wrong, bytes)).rejects.toMatchObject(refusal);
        await expect(chunks.get(wrong)).rejects.toMatchObject(refusal);
        await expect(chunks.remove(wrong)).rejects.toMatchObject(refusal);
      }
      for (const wrong of ['', '..', `${webId}/..`, 'ABCDEF00-1111-4111-8111-111111111111']) {
        expect(() => store.chunksOf(wrong)).toThrow(expect.objectContaining(refusal));
      }
      expect(await names(store, webId)).toEqual([]);
    });
  });
};
