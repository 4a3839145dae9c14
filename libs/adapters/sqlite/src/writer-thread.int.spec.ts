import { mkdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { StoreUnavailable } from '#events';
import { freshStream, newEvent, newEvents, readEverything } from '../../../../test/conformance/new-events.ts';
import { freshFile, openFile } from '../../../../test/conformance/sqlite-files.ts';
import { pendingWritesMax } from './limits.ts';

test('given a writer thread that dies of a bug / when writes wait / then each is told, later ones too, and reads go on', async () => {
  const { store, checkpoints, close } = await openFile(await freshFile());
  await store.append(freshStream(), newEvents(3), 'no-stream');
  // A caller's bug that the types forbid: no text, so the driver throws what is no fault of the file.
  const noText = {} as unknown as string;
  const writes = [checkpoints.save(noText, null), store.append(freshStream(), [newEvent()], 'no-stream')];
  for (const result of await Promise.allSettled(writes)) {
    expect(result).toMatchObject({ status: 'rejected', reason: { name: 'StoreUnavailable', fault: 'io' } });
  }
  const later = await store.append(freshStream(), [newEvent()], 'no-stream').catch((error: unknown) => error);
  expect(later).toBeInstanceOf(StoreUnavailable);
  expect(later).toMatchObject({ message: expect.stringContaining('its writer thread ended') });
  expect(await readEverything(store)).toHaveLength(3);
  await close();
});

test('given more writes than may wait / when one more comes / then it is refused as busy, and the others are written', async () => {
  const { checkpoints } = await openFile(await freshFile());
  const saves = Array.from({ length: pendingWritesMax + 1 }, (_, n) => checkpoints.save(`consumer-${n % 10}`, null));
  const refused = (await Promise.allSettled(saves)).filter((result) => result.status === 'rejected');
  expect(refused).toMatchObject([{ reason: { name: 'StoreUnavailable', fault: 'busy' } }]);
});

test('given a file that cannot be opened, and a process with no time / when its thread has ended before anybody listens / then it is refused all the same', async () => {
  const file = await freshFile();
  await mkdir(file);
  const opening = openFile(file);
  // What the thread says and that it ended now come in one turn, as on a machine with too much to do.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_000);
  await expect(opening).rejects.toMatchObject({ name: 'StoreUnavailable', fault: 'io' });
});
