import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createManualClock } from '#adapters/memory';
import { createSystemClock } from '#adapters/system';
import { EvidenceUnavailable, type JudgedWith } from '#events';
import { openEvidenceFiles, readEvidenceFiles } from './evidence-files.ts';
import { seal } from './sealed.ts';

const noon = Date.UTC(2026, 0, 31, 12);
const dayMs = 24 * 3_600_000;
const today = '2026-01-31.sqlite';
const key = randomBytes(32);
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const opened = async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-evidence-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const clock = createManualClock(noon);
  const open = async () => {
    const one = await openEvidenceFiles({ dir, key, random: randomBytes, clock });
    onTestFinished(one.close);
    return one;
  };
  const asKept = (sha256: string, by: Uint8Array = key) => readEvidenceFiles({ dir, key: by }).get(sha256);
  const reader = () => readEvidenceFiles({ dir, key });
  return { dir, clock, open, asKept, reader, ...(await open()) };
};

/** The older form: a file of its own, as a build before this one left it. */
const leftAlone = async (dir: string, bytes: Uint8Array, at: number): Promise<string> => {
  const sha256 = digest(bytes);
  const path = join(dir, sha256.slice(0, 2), sha256);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, seal(bytes, { key, name: sha256, iv: randomBytes(12) }));
  await utimes(path, new Date(at), new Date(at));
  return sha256;
};

test('given evidence / when it is put, twice / then it is kept once, in a private file of the day, and read by whoever has the key', async () => {
  const { dir, store, asKept } = await opened();
  const bytes = randomBytes(100_000);
  const [sha256, again] = [await store.put(bytes), await store.put(bytes)];
  expect([sha256, again]).toEqual([digest(bytes), digest(bytes)]);
  expect(await asKept(sha256)).toEqual(bytes);
  const db = new Database(join(dir, today), { readonly: true });
  expect(db.prepare('SELECT count(*) FROM evidence').pluck().get()).toBe(1);
  db.close();
  for (const file of await readdir(dir)) expect((await stat(join(dir, file))).mode & 0o777, file).toBe(0o600);
});

test('given many pieces at once, by two programs / when they are kept / then each is there, whoever reads, before anything is closed', async () => {
  const { store, open, asKept } = await opened();
  const { store: other } = await open();
  const pieces = Array.from({ length: 600 }, (_, n) => randomBytes(n));
  const kept = await Promise.all(pieces.map((bytes, n) => (n % 2 === 0 ? store : other).put(bytes)));
  for (const [n, sha256] of kept.entries()) expect(Buffer.from((await asKept(sha256)) ?? [])).toEqual(pieces[n]);
});

test('given pieces that are still on their way / when it is closed / then they are kept first, and the next one is refused', async () => {
  const { store, close, asKept } = await opened();
  const onTheirWay = Array.from({ length: 20 }, () => store.put(randomBytes(2_000)));
  await close();
  for (const sha256 of await Promise.all(onTheirWay)) expect(await asKept(sha256)).not.toBeNull();
  await expect(store.put(randomBytes(1))).rejects.toThrow(/closed/);
});

test('given evidence on disk / when somebody reads the files / then nothing of it is there in the clear', async () => {
  const { dir, store } = await opened();
  await store.put(Buffer.from('who runs what, and where'.repeat(50)));
  const files = await readdir(dir);
  expect(files).toContain(today);
  for (const file of files) expect((await readFile(join(dir, file))).includes('who runs what')).toBe(false);
});

test('given what was never kept / when it is read / then there is nothing; a name that is no digest is refused', async () => {
  const { store } = await opened();
  expect(await store.get('0'.repeat(64))).toBeNull();
  await expect(store.get('../../etc/passwd')).rejects.toThrow(EvidenceUnavailable);
});

test('given evidence that was changed, cut, swapped or kept under another key / when it is read / then it is refused by name', async () => {
  const { dir, store, close, asKept } = await opened();
  const [one, other] = [await store.put(randomBytes(64)), await store.put(randomBytes(64))];
  await close();
  const db = new Database(join(dir, today));
  onTestFinished(() => void db.close());
  const sealedOf = (sha256: string): Buffer =>
    db
      .prepare<[Buffer], Buffer>('SELECT sealed FROM evidence WHERE sha256 = ?')
      .pluck()
      .get(Buffer.from(sha256, 'hex')) ?? expect.fail('it is not there');
  const put = (sealed: Uint8Array) =>
    db.prepare('UPDATE evidence SET sealed = ? WHERE sha256 = ?').run(sealed, Buffer.from(one, 'hex'));
  const whole = sealedOf(one);
  for (const at of [0, 6, 20, whole.length - 1]) {
    const changed = Buffer.from(whole);
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    put(changed);
    await expect(asKept(one), `byte ${at}`).rejects.toThrow(/was changed/);
  }
  for (const wrong of [whole.subarray(0, 10), sealedOf(other)]) {
    put(wrong);
    await expect(asKept(one)).rejects.toThrow(/was changed/);
  }
  put(whole);
  await expect(asKept(one, randomBytes(32))).rejects.toThrow(/another key/);
  expect(await asKept(one)).not.toBeNull();
});

test('given old and new days / when what is older is dropped / then the day in which that instant lies is kept as a whole', async () => {
  const { dir, store, clock } = await opened();
  const old = await store.put(Buffer.from('old'));
  await clock.advance(2 * dayMs);
  const young = await store.put(Buffer.from('new'));
  expect(await store.dropOlder(noon + dayMs / 2 - 1)).toBe(0);
  expect((await store.get(old))?.toString()).toBe('old');
  expect(await store.dropOlder(noon + dayMs / 2)).toBe(1);
  expect([await store.get(old), (await store.get(young))?.toString()]).toEqual([null, 'new']);
  expect((await readdir(dir)).filter((file) => file.startsWith(today))).toEqual([]);
});

test('given files of the older form / when they are read and their time passes / then they are read until then; half a file of a crash goes', async () => {
  const { dir, store, clock } = await opened();
  const old = await leftAlone(dir, Buffer.from('old'), noon);
  const young = await leftAlone(dir, Buffer.from('young'), noon + 2 * dayMs);
  const half = join(dir, old.slice(0, 2), `${old}.0011`);
  await writeFile(half, 'half');
  await utimes(half, new Date(noon), new Date(noon));
  expect((await store.get(old))?.toString()).toBe('old');
  await clock.advance(2 * dayMs);
  expect(await store.dropOlder(noon + dayMs)).toBe(1);
  expect([await store.get(old), (await store.get(young))?.toString()]).toEqual([null, 'young']);
  expect((await readdir(join(half, '..'))).filter((name) => name.endsWith('.0011'))).toEqual([]);
});

test('given a day that cannot be written / when evidence is put / then it is refused with the reason, and kept again once it can', async () => {
  const { dir, store } = await opened();
  await mkdir(join(dir, today));
  await expect(store.put(Buffer.from('a'))).rejects.toThrow(EvidenceUnavailable);
  await rm(join(dir, today), { recursive: true });
  expect(await store.get(await store.put(Buffer.from('a')))).not.toBeNull();
});

test('given a day that is made, but for its journal, and a write to it / when evidence is put / then that waits for the write', async () => {
  const { dir, store, open, asKept } = await opened();
  const { store: first, close } = await open();
  await first.put(Buffer.from('first'));
  await close();
  const other = new Database(join(dir, today));
  onTestFinished(() => void other.close());
  other.pragma('journal_mode = DELETE');
  other.exec('BEGIN IMMEDIATE');
  const putting = store.put(Buffer.from('a'));
  const soon = await Promise.race([putting.catch(String), createSystemClock().sleep(500)]);
  expect(soon).toBeUndefined();
  other.exec('COMMIT');
  expect(await asKept(await putting)).toEqual(Buffer.from('a'));
});

test('given a day of a newer form / when evidence is put / then it is refused, and the file stays as it is', async () => {
  const { dir, store } = await opened();
  const db = new Database(join(dir, today));
  db.pragma('user_version = 9');
  db.close();
  await expect(store.put(Buffer.from('a'))).rejects.toThrow(/has format 9, and this build reads 1/);
});

test('given a key of another length / when it is opened / then it is refused', () =>
  expect(
    openEvidenceFiles({ dir: tmpdir(), key: randomBytes(16), random: randomBytes, clock: createManualClock() }),
  ).rejects.toThrow(/wanted 32/));

describe('what evidence was judged with', () => {
  const list = randomBytes(1_200);
  const lists = { genoa: list };
  const rowsOf = (dir: string, day = today): number => {
    const db = new Database(join(dir, day), { readonly: true });
    onTestFinished(() => void db.close());
    return Number(db.prepare('SELECT count(*) FROM evidence').pluck().get());
  };

  test('given much evidence that was judged with one list / then the list is kept once a day, and each says that it was that one', async () => {
    const { dir, store, clock, reader } = await opened();
    const certificates = { vek: randomBytes(900), chain: [randomBytes(1_000), randomBytes(1_100)] };
    const judged: readonly JudgedWith[] = [
      { certificates: null, revocationLists: lists },
      { certificates, revocationLists: lists },
      { certificates: null, revocationLists: {} },
    ];
    const names: string[] = [];
    for (const one of judged) names.push(await store.put(randomBytes(2_000), one));
    expect(await Promise.all(names.map((name) => reader().judgedWith(name)))).toEqual(judged);
    expect((await reader().get(names[0] ?? ''))?.length).toBe(2_000);
    expect(rowsOf(dir)).toBe(3 + 1 + 3);
    await clock.advance(dayMs);
    await store.put(randomBytes(2_000), judged[0]);
    expect(rowsOf(dir, '2026-02-01.sqlite')).toBe(2);
  });

  test('given the days of evidence / when the older one is dropped / then the list stays for what was judged with it later', async () => {
    const { store, clock, reader } = await opened();
    const old = await store.put(randomBytes(10), { certificates: null, revocationLists: lists });
    await clock.advance(dayMs);
    const young = await store.put(randomBytes(10), { certificates: null, revocationLists: lists });
    expect(await store.dropOlder(noon + dayMs / 2)).toBe(1);
    expect(await reader().judgedWith(old)).toBeNull();
    expect((await reader().judgedWith(young))?.revocationLists).toEqual(lists);
  });

  test('given evidence of before there were notes, or put again with another one / then there is none, or the first', async () => {
    const { dir, store, reader } = await opened();
    const older = await leftAlone(dir, Buffer.from('old'), noon);
    const bytes = randomBytes(10);
    const bare = await store.put(bytes);
    await store.put(bytes, { certificates: null, revocationLists: lists });
    expect([await reader().judgedWith(older), await reader().judgedWith(bare)]).toEqual([null, null]);
    expect(await reader().judgedWith('0'.repeat(64))).toBeNull();
  });

  test('given a list that is not there any more, or a record whose form was changed / then it is refused by name', async () => {
    const { dir, store, reader } = await opened();
    const name = await store.put(randomBytes(10), { certificates: null, revocationLists: lists });
    const db = new Database(join(dir, today));
    onTestFinished(() => void db.close());
    db.prepare('DELETE FROM evidence WHERE sha256 = ?').run(Buffer.from(digest(list), 'hex'));
    await expect(reader().judgedWith(name)).rejects.toThrow(/judged with, is not there/);
    db.prepare("UPDATE evidence SET sealed = CAST('HCCE1' || substr(sealed, 6) AS BLOB) WHERE sha256 = ?").run(
      Buffer.from(name, 'hex'),
    );
    await expect(reader().judgedWith(name)).rejects.toThrow(/was changed/);
    await expect(reader().get(name)).rejects.toThrow(/was changed/);
  });
});
