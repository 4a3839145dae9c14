import { expect, test } from 'vitest';
import { createPositions, type Position } from '#events';
import { freshStream, newEvent } from '../../../../test/conformance/new-events.ts';
import { freshFile, openFile } from '../../../../test/conformance/sqlite-files.ts';
import { historyPagesMax } from './limits.ts';
import { createNewest } from './newest.ts';
import { openReader } from './reader.ts';

const pageEvents = 10;
const pages = 3 * (historyPagesMax + 1);

/** Reads of a log of some pages, so that its last events are not what is asked for. */
const opened = async () => {
  const file = await freshFile();
  const { store } = await openFile(file);
  for (let page = 0; page < pages; page += 1) {
    await store.append(
      freshStream(),
      Array.from({ length: pageEvents }, () => newEvent()),
      'no-stream',
    );
  }
  const positions = createPositions(store.storeId);
  const { readAll } = createNewest(openReader(file, positions), positions);
  const after = (page: number): Position | null => (page === 0 ? null : positions.of(page * pageEvents));
  const read = (page: number) => readAll(after(page), pageEvents);
  const readThrough = (from: number): void => {
    for (let page = from; page <= from + historyPagesMax; page += 1) read(page);
  };
  return { read, readThrough };
};

test('given one who reads history alone / when it reads a page / then nothing is kept of it', async () => {
  const { read, readThrough } = await opened();
  readThrough(0);
  const first = read(0);
  expect(first.events).toHaveLength(pageEvents);
  expect(read(0)).not.toBe(first);
});

test('given two who read history side by side / when the second asks for what the first has read / then it is given the same, and nothing once one of them is alone', async () => {
  const { read, readThrough } = await opened();
  const first = read(0);
  // Here it shows that there are two.
  const again = read(0);
  expect(again).toEqual(first);
  expect(read(0)).toBe(again);
  for (let page = 1; page < historyPagesMax; page += 1) expect(read(page)).toBe(read(page));

  readThrough(historyPagesMax);
  const alone = read(2 * historyPagesMax + 1);
  expect(read(2 * historyPagesMax + 1)).not.toBe(alone);
});
