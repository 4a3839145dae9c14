import { randomBytes } from 'node:crypto';
import { createRandomIds } from '#adapters/system';
import type { Ids } from '#events';

/** What the CLI makes up itself: ids, and the secrets of tokens, which the network only ever knows by their digest. */
export type Makes = Ids & {
  /** 256 random bits, base64url. */
  secret(): string;
  /** Random bytes for keys and salts. */
  bytes(count: number): Uint8Array;
};

/** The machine's randomness. */
export const systemMakes = (): Makes => ({
  ...createRandomIds(),
  secret: () => randomBytes(32).toString('base64url'),
  bytes: (count) => randomBytes(count),
});
