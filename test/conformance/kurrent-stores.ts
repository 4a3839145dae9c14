import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { type KurrentStore, type KurrentStoreOptions, openKurrentStore } from '#adapters/kurrent';
import { createRandomIds, createSystemClock } from '#adapters/system';
import { type KurrentServer, startKurrentServer } from '../kurrent-server/server.ts';

/** The KurrentDB the specs run against instead of the test server, when there is one. */
export const realServerUrl = process.env.KURRENTDB_URL;

let shared: Promise<KurrentServer> | null = null;

/** One test server for a whole spec file: each store in it has a name of its own. It ends with the process. */
const sharedUrl = async (): Promise<string> => {
  if (realServerUrl !== undefined && realServerUrl !== '') return realServerUrl;
  shared ??= startKurrentServer();
  return (await shared).url;
};

/** The address of a store that nobody used. */
export const freshStoreUrl = async (): Promise<string> => storeUrl(await sharedUrl());

/** The address of an unused store on a server. */
export const storeUrl = (serverUrl: string): string =>
  `${serverUrl}${serverUrl.includes('?') ? '&' : '?'}store=t${randomUUID().replaceAll('-', '')}`;

/** The store at an address, on the machine's clock; closed after the test at the latest. */
export const openAt = async (
  url: string,
  options: Partial<Omit<KurrentStoreOptions, 'url'>> = {},
): Promise<KurrentStore> => {
  const opened = await openKurrentStore({ url, clock: createSystemClock(), ids: createRandomIds(), ...options });
  onTestFinished(() => opened.close());
  return opened;
};
