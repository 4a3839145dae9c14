import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { createMemoryFoldSnapshots } from '#adapters/memory';
import { createSystemClock } from '#adapters/system';
import { StoreUnavailable } from '#events';
import { freshStream, newEvents } from '../../../../test/conformance/new-events.ts';
import { freshFile, openFile } from '../../../../test/conformance/sqlite-files.ts';
import { processSink } from '../processes/runner.ts';
import { vmAdmission } from '../processes/vm-admission.process.ts';
import { withoutDamaged } from './begin-anew.ts';

const quiet = (): void => undefined;

/** A closed file in which vm-admission has come to the second of three events, and one bit of that is another. */
const damagedFile = async (): Promise<string> => {
  const file = await freshFile();
  const { store, checkpoints, close } = await openFile(file);
  for (let n = 0; n < 3; n += 1) await store.append(freshStream(), newEvents(1), 'no-stream');
  await checkpoints.save(vmAdmission.name, (await store.readAll({ limit: 2 })).next);
  await checkpoints.save('relay', null);
  await close();
  const db = new Database(file);
  db.prepare('UPDATE checkpoints SET digest = zeroblob(32) WHERE consumer = ?').run(vmAdmission.name);
  db.close();
  return file;
};

test('given a damaged checkpoint / when it is told to reconcile / then the consumer begins at the beginning, and has a whole one', async () => {
  const { store, checkpoints } = await openFile(await damagedFile());
  const parts = { store, clock: createSystemClock(), snapshots: createMemoryFoldSnapshots({ everyEvents: 10 }) };
  const refused = processSink(vmAdmission, { ...parts, checkpoints }).load();
  await expect(refused).rejects.toThrow(StoreUnavailable);
  await expect(refused).rejects.toThrow(/vm-admission \(event 2\) is not what was saved.* HCC_RECONCILE=1/);
  const anew = withoutDamaged(checkpoints, quiet);
  expect(await processSink(vmAdmission, { ...parts, checkpoints: anew }, 'beginning').load()).toBeNull();
  expect(await checkpoints.load(vmAdmission.name)).toBeNull();
});

test('given checkpoints that are whole, and a store that fails otherwise / when they are loaded / then nothing else is', async () => {
  const { checkpoints } = await openFile(await damagedFile());
  const busy = async (): Promise<never> => {
    throw new StoreUnavailable('busy', 'locked');
  };
  expect(await withoutDamaged(checkpoints, quiet).load('relay')).toBeNull();
  await expect(withoutDamaged({ ...checkpoints, load: busy }, quiet).load('relay')).rejects.toThrow('locked');
});
