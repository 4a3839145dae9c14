import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { isoTime } from '#events';
import { freshStream, newEvent } from '../../../../test/conformance/new-events.ts';
import { freshFile, openFile } from '../../../../test/conformance/sqlite-files.ts';

const noon = Date.UTC(2026, 10, 21, 12);

/** Appends events a second apart, from the n-th on. */
const append = async (file: string, from: number, count: number): Promise<void> => {
  const { store, close } = await openFile(file);
  const appends = Array.from({ length: count }, (_, n) =>
    store.append(freshStream(), [newEvent({ recordedAt: isoTime(noon + (from + n) * 1_000) })], 'no-stream'),
  );
  await Promise.all(appends);
  await close();
};

test('given a file of a build that kept no marks of time / when it is opened / then its instants are found, and those recorded from then on', async () => {
  const file = await freshFile();
  await append(file, 0, 2_500);
  const older = new Database(file);
  older.exec('DROP TRIGGER events_mark_the_time; DROP TABLE time_marks;');
  older.close();
  await append(file, 2_500, 2_500);

  const { store } = await openFile(file);
  for (const second of [0, 1_022, 1_023, 1_024, 2_047, 2_048, 2_499, 2_500, 3_071, 3_072, 4_998, 4_999]) {
    const position = await store.positionAt(noon + second * 1_000);
    expect([second, position?.split('.')[1]]).toEqual([second, `${second + 1}`]);
  }
  expect(await store.positionAt(noon - 1)).toBeNull();
});
