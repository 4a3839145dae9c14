import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { describeBackupStore, digestOf, webId } from '../../../../test/conformance/backup-store.ts';
import { openBackupDirectory } from './directory.ts';

const newRoot = async (): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-bk-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return join(dir, 'backups');
};

describeBackupStore('directory', async () => {
  const root = await newRoot();
  return {
    store: openBackupDirectory(root),
    reopen: async () => openBackupDirectory(root),
    damage: (sha256, bytes) => writeFile(join(root, webId, sha256.slice(0, 2), sha256), bytes),
  };
});

test('given a piece / when it is put / then nobody else may read it, and nothing is left beside it', async () => {
  const root = await newRoot();
  const bytes = new Uint8Array([1, 2, 3]);
  const sha256 = digestOf(bytes);
  await openBackupDirectory(root).chunksOf(webId).put(sha256, bytes);
  const folder = join(root, webId, sha256.slice(0, 2));
  expect(await readdir(folder)).toEqual([sha256]);
  expect((await stat(join(folder, sha256))).mode & 0o777).toBe(0o600);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
});

test('given a place that cannot be written / when a piece is put / then the store and the reason are named', async () => {
  const root = await newRoot();
  await writeFile(root, 'a file where the directory should be');
  const bytes = new Uint8Array([1]);
  const put = openBackupDirectory(root).chunksOf(webId).put(digestOf(bytes), bytes);
  await expect(put).rejects.toMatchObject({
    code: 'backup-store-unavailable',
    message: expect.stringMatching(/dir:.*ENOTDIR/),
  });
});
