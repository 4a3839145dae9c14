import { join } from 'node:path';
import { createUser, fromSeed } from '@nats-io/nkeys';
import { CannotStart } from '../failure.ts';
import { readSmallFile, writeFileDurably } from '../host/durable-file.ts';

/** This miner's nkey pair. The seed never leaves its file and this process; only the public half travels. */
export type UserKey = { readonly publicKey: string; readonly seed: string };

const seedBytesMax = 256;

/** The miner's key from `<minerDir>/secrets/nkey.seed` (0600), made on the first call.
 *  Refuses with CannotStart a file that holds something else, without repeating it. */
export const loadUserKey = async (minerDir: string): Promise<UserKey> => {
  const path = join(minerDir, 'secrets', 'nkey.seed');
  const found = await readSmallFile(path, seedBytesMax);
  if (found !== null) return keyOf(found.trim(), path);
  const seed = new TextDecoder().decode(createUser().getSeed());
  await writeFileDurably(path, `${seed}\n`);
  return keyOf(seed, path);
};

const keyOf = (seed: string, path: string): UserKey => {
  const wrong = new CannotStart(
    `${path} is not the seed of a NATS user key, wanted one line that starts with SU: put back a good copy, or remove it and invite this miner anew`,
  );
  if (!seed.startsWith('SU')) throw wrong;
  try {
    return { publicKey: fromSeed(new TextEncoder().encode(seed)).getPublicKey(), seed };
  } catch {
    throw wrong;
  }
};
