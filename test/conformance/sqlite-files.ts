import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openSqliteStore, type SqliteStore } from '#adapters/sqlite';
import { createRandomIds, createSystemClock } from '#adapters/system';

/** Path of a store's file that does not exist yet, in a directory that is removed after the test. */
export const freshFile = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'hcc-store-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return join(directory, 'events.db');
};

/** The store in a file, on the machine's clock; closed after the test at the latest. */
export const openFile = async (file: string): Promise<SqliteStore> => {
  const opened = await openSqliteStore({ file, clock: createSystemClock(), ids: createRandomIds() });
  onTestFinished(() => opened.close());
  return opened;
};
