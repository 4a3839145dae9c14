import { mkdir, open, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { StoreUnavailable } from '#events';
import { freshStream, newEvent, newEvents, readEverything } from '../../../../test/conformance/new-events.ts';
import { freshFile, openFile } from '../../../../test/conformance/sqlite-files.ts';
import { openForWriting } from './open-database.ts';

/** A closed store's file with some hundred events in it. */
const filledFile = async (): Promise<string> => {
  const file = await freshFile();
  const { store, close } = await openFile(file);
  for (let n = 0; n < 20; n += 1)
    await store.append(freshStream(), newEvents(20, { pad: 'x'.repeat(200) }), 'no-stream');
  await close();
  return file;
};

const refusal = async (file: string): Promise<StoreUnavailable> => {
  const failure = await openFile(file).catch((error: unknown) => error);
  if (failure instanceof StoreUnavailable) return failure;
  throw new Error(`expected a refusal, got ${String(failure)}`);
};

test('given a file of something else / when it is opened / then it is refused by name and not touched', async () => {
  const file = await freshFile();
  for (const content of ['x', 'no database, '.repeat(1_000)]) {
    await writeFile(file, content);
    const { fault, message } = await refusal(file);
    expect(fault).toBe('not-a-store');
    expect(message).toContain(`event store ${file}: it is no SQLite database`);
    expect(await readFile(file, 'utf8')).toBe(content);
  }
});

test('given a database of another program / when it is opened / then it is refused and not touched', async () => {
  const file = await freshFile();
  const db = new Database(file);
  db.exec('CREATE TABLE bookmarks (url TEXT)');
  db.close();
  const before = await readFile(file);
  const { fault, message } = await refusal(file);
  expect(fault).toBe('not-a-store');
  expect(message).toContain('database of another program (application id 0)');
  expect(await readFile(file)).toEqual(before);
});

test('given a store of a newer format / when it is opened / then it says which, and which we read', async () => {
  const file = await filledFile();
  const db = new Database(file);
  db.pragma('user_version = 2');
  db.close();
  const { fault, message } = await refusal(file);
  expect(fault).toBe('newer-format');
  expect(message).toContain('it has format 2; this build reads up to 1; use the build that wrote it, or a newer one');
});

test('given a file with a page overwritten / when it is opened / then it is refused as damaged', async () => {
  const file = await filledFile();
  const handle = await open(file, 'r+');
  await handle.write(Buffer.alloc(4_096, 0xa5), 0, 4_096, 10 * 4_096);
  await handle.close();
  const { fault, message } = await refusal(file);
  expect(fault).toBe('corrupt');
  expect(message).toContain('restore the file from a backup');
});

test('given a damaged file larger than a start has time to read / when it is opened / then it opens, and its damage is left to verify-log', async () => {
  const file = await filledFile();
  const handle = await open(file, 'r+');
  await handle.write(Buffer.alloc(4_096, 0xa5), 0, 4_096, 10 * 4_096);
  await handle.close();
  const { size } = await stat(file);
  expect(() => openForWriting(file, 'unused', size)).toThrow(expect.objectContaining({ fault: 'corrupt' }));
  openForWriting(file, 'unused', size - 1).db.close();
});

test('given a file cut short / when it is opened / then it is refused as damaged', async () => {
  const file = await filledFile();
  await truncate(file, Math.floor((await stat(file)).size / 2));
  expect((await refusal(file)).fault).toBe('corrupt');
});

test('given a file damaged while it is open / when it is read or opened again / then it says that it is damaged', async () => {
  const file = await filledFile();
  const { store } = await openFile(file);
  const { size } = await stat(file);
  const handle = await open(file, 'r+');
  await handle.write(Buffer.alloc(size - 4_096, 0xa5), 0, size - 4_096, 4_096);
  await handle.close();
  await expect(readEverything(store)).rejects.toMatchObject({ name: 'StoreUnavailable', fault: 'corrupt' });
  await store.close();
  expect((await refusal(file)).fault).toBe('corrupt');
});

test('given an empty file, or none / when it is opened / then it becomes a store', async () => {
  const file = await freshFile();
  await writeFile(file, '');
  const { store } = await openFile(file);
  await store.append(freshStream(), [newEvent()], 'no-stream');
  expect(await readEverything(store)).toHaveLength(1);
});

test('given a directory that is not there, or one in the place of the file / when it is opened / then it is named', async () => {
  const file = await freshFile();
  expect(await refusal(`${dirname(file)}/missing/events.db`)).toMatchObject({ fault: 'io' });
  await mkdir(file);
  const { fault, message } = await refusal(file);
  expect(fault).toBe('io');
  expect(message).toContain(file);
});
