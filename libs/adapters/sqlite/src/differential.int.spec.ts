import { test } from 'vitest';
import { createMemoryEventStore } from '#adapters/memory';
import { expectNoDifference } from '../../../../test/conformance/differential.ts';
import { freshFile, openFile } from '../../../../test/conformance/sqlite-files.ts';

test('given any history of appends and reads / when memory and sqlite live through it / then nobody can tell them apart', async () => {
  const { store: sqlite } = await openFile(await freshFile());
  await expectNoDifference([createMemoryEventStore(), sqlite], { idsAreUniqueIn: 'store', runs: 150 });
});
