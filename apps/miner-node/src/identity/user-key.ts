import { join } from 'node:path';
import { createUserKey, type UserKey, userKeyOf } from '#adapters/nats';
import { writeFileDurably } from '#host';
import { CannotStart } from '../failure.ts';
import { readSmallFile } from '../host/small-file.ts';

const seedBytesMax = 256;

/** The miner's key from `<minerDir>/secrets/nkey.seed` (0600), made on the first call. The seed never leaves its file and
 *  this process. Refuses with CannotStart a file that holds something else, without repeating it. */
export const loadUserKey = async (minerDir: string): Promise<UserKey> => {
  const path = join(minerDir, 'secrets', 'nkey.seed');
  const found = await readSmallFile(path, seedBytesMax);
  if (found === null) {
    const made = createUserKey();
    await writeFileDurably(path, `${made.seed}\n`);
    return made;
  }
  const key = userKeyOf(found.trim());
  if (key !== null) return key;
  throw new CannotStart(
    `${path} is not the seed of a NATS user key, wanted one line that starts with SU: put back a good copy, or remove it and invite this miner anew`,
  );
};
