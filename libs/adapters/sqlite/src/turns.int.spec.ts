import { expect, test } from 'vitest';
import { freshStream, newEvents } from '../../../../test/conformance/new-events.ts';
import { freshFile, openFile } from '../../../../test/conformance/sqlite-files.ts';

test('given a history of several pages / when somebody reads one after the other without a pause / then timers and requests get their turn', async () => {
  const { store } = await openFile(await freshFile());
  await store.append(freshStream(), newEvents(3), 'no-stream');
  let turns = 0;
  const count = (): void => {
    turns += 1;
    next = setImmediate(count);
  };
  let next = setImmediate(count);
  for (let after = null as Awaited<ReturnType<typeof store.readAll>>['next']; ; ) {
    const page = await store.readAll({ after, limit: 1 });
    after = page.next;
    if (page.end) break;
  }
  clearImmediate(next);
  expect(turns).toBeGreaterThanOrEqual(2);
});
