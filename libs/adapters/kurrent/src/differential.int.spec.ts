import { test } from 'vitest';
import { createMemoryEventStore } from '#adapters/memory';
import { expectNoDifference } from '../../../../test/conformance/differential.ts';
import { freshStoreUrl, openAt } from '../../../../test/conformance/kurrent-stores.ts';
import { freshFile, openFile } from '../../../../test/conformance/sqlite-files.ts';

test('given any history of appends and reads / when memory, sqlite and kurrent live through it / then nobody can tell them apart', async () => {
  const { store: sqlite } = await openFile(await freshFile());
  const { store: kurrent } = await openAt(await freshStoreUrl());
  await expectNoDifference([createMemoryEventStore(), sqlite, kurrent], { idsAreUniqueIn: 'stream', runs: 40 });
});
