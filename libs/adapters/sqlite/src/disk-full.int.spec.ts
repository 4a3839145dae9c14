import { unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { StoreUnavailable } from '#events';
import { freshStream, newEvent, newEvents, readEverything } from '../../../../test/conformance/new-events.ts';
import { smallDisk } from '../../../../test/conformance/small-disk.ts';
import { openFile } from '../../../../test/conformance/sqlite-files.ts';

test('given a disk that fills up / when appends fail / then none is half written, and with room again the store goes on', async (context) => {
  const disk = await smallDisk(4 * 1024);
  if (disk === null) return context.skip('mounting a small tmpfs takes root');
  const filler = join(disk, 'filler');
  await writeFile(filler, Buffer.alloc(1024 * 1024));
  const { store, verifyLog } = await openFile(join(disk, 'events.db'));
  const stream = freshStream();
  const acknowledged: bigint[] = [];
  const appendUntilFull = async (): Promise<unknown> => {
    for (let next = 0n; next < 1_000n; next += 2n) {
      try {
        const events = newEvents(2, { pad: 'x'.repeat(20_000) });
        const { revision } = await store.append(stream, events, next === 0n ? 'no-stream' : next - 1n);
        acknowledged.push(revision);
      } catch (error) {
        return error;
      }
    }
    return null;
  };

  const full = await appendUntilFull();
  expect(full).toBeInstanceOf(StoreUnavailable);
  expect(full).toMatchObject({ fault: 'disk-full', message: expect.stringContaining(`event store ${disk}`) });
  const last = acknowledged.at(-1) ?? -1n;
  expect(BigInt((await store.readStream(stream)).length)).toBe(last + 1n);

  await unlink(filler);
  expect((await store.append(stream, [newEvent()], last)).revision).toBe(last + 1n);
  expect(BigInt((await readEverything(store)).length)).toBe(last + 2n);
  expect(await verifyLog()).toMatchObject({ fault: null, integrity: 'ok' });
});

test('given a disk with no room at all / when a store is to be made there / then it says so', async (context) => {
  const disk = await smallDisk(4 * 1024);
  if (disk === null) return context.skip('mounting a small tmpfs takes root');
  await writeFile(join(disk, 'filler'), Buffer.alloc(4 * 1024 * 1024 - 4_096)).catch(() => undefined);
  const failure = await openFile(join(disk, 'events.db')).catch((error: unknown) => error);
  expect(failure).toMatchObject({ name: 'StoreUnavailable', fault: 'disk-full' });
});
