import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createManualClock } from '#adapters/memory';
import { EvidenceUnavailable } from '#events';
import { openEvidenceFiles } from './evidence-files.ts';

const noon = Date.UTC(2026, 0, 31, 12);
const key = randomBytes(32);

const opened = async (withKey: Uint8Array = key) => {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-evidence-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const clock = createManualClock(noon);
  const open = (by: Uint8Array) => openEvidenceFiles({ dir, key: by, random: randomBytes, clock });
  return { dir, clock, open, store: await open(withKey) };
};
const pathOf = (dir: string, sha256: string): string => join(dir, sha256.slice(0, 2), sha256);

test('given evidence / when it is put, twice / then it is kept once, and read back as it was by whoever has the key', async () => {
  const { dir, store, open } = await opened();
  const bytes = randomBytes(100_000);
  const [sha256, again] = [await store.put(bytes), await store.put(bytes)];
  expect(again).toBe(sha256);
  expect(await (await open(key)).get(sha256)).toEqual(bytes);
  expect(await readdir(join(dir, sha256.slice(0, 2)))).toEqual([sha256]);
  expect((await stat(pathOf(dir, sha256))).mode & 0o777).toBe(0o600);
});

test('given evidence on disk / when somebody reads the file / then nothing of it is there in the clear', async () => {
  const { dir, store } = await opened();
  const sha256 = await store.put(Buffer.from('who runs what, and where'.repeat(50)));
  expect((await readFile(pathOf(dir, sha256))).includes('who runs what')).toBe(false);
});

test('given what was never kept / when it is read / then there is nothing; a name that is no digest is refused', async () => {
  const { store } = await opened();
  expect(await store.get('0'.repeat(64))).toBeNull();
  await expect(store.get('../../etc/passwd')).rejects.toThrow(EvidenceUnavailable);
});

test('given evidence whose file was changed, cut, swapped or kept under another key / when it is read / then it is refused by name', async () => {
  const { dir, store, open } = await opened();
  const [one, other] = [await store.put(randomBytes(64)), await store.put(randomBytes(64))];
  const path = pathOf(dir, one);
  const whole = await readFile(path);
  for (const at of [0, 6, 20, whole.length - 1]) {
    const changed = Buffer.from(whole);
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    await writeFile(path, changed);
    await expect(store.get(one), `byte ${at}`).rejects.toThrow(/was changed/);
  }
  await writeFile(path, whole.subarray(0, 10));
  await expect(store.get(one)).rejects.toThrow(/was changed/);
  await rename(pathOf(dir, other), path);
  await expect(store.get(one)).rejects.toThrow(/was changed/);
  await writeFile(path, whole);
  await expect((await open(randomBytes(32))).get(one)).rejects.toThrow(/another key/);
  expect(await store.get(one)).not.toBeNull();
});

test('given old and new evidence / when what is older is dropped / then the new is kept, and half a file of a crash goes', async () => {
  const { dir, store, clock } = await opened();
  const old = await store.put(Buffer.from('old'));
  const half = `${pathOf(dir, old)}.0011`;
  await writeFile(half, 'half');
  await utimes(half, new Date(noon), new Date(noon));
  await clock.advance(2 * 24 * 3_600_000);
  const young = await store.put(Buffer.from('new'));
  expect(await store.dropOlder(clock.now() - 24 * 3_600_000)).toBe(1);
  expect((await readdir(join(half, '..'))).filter((name) => name.endsWith('.0011'))).toEqual([]);
  expect([await store.get(old), (await store.get(young))?.toString()]).toEqual([null, 'new']);
});

test('given a key of another length / when it is opened / then it is refused', () =>
  expect(opened(randomBytes(16))).rejects.toThrow(/wanted 32/));
