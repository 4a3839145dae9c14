import { randomBytes } from 'node:crypto';
import { syncFile, writeFileDurably } from '#host';
import { readSmallFile } from '../context.ts';
import type { Home } from './home.ts';

/** Where a local cluster keeps the keys of its volumes, and what they are wrapped under. */
export const vaultEnv = (home: Pick<Home, 'path'>) => ({
  HCC_VAULT_DIR: home.path('vault'),
  HCC_VAULT_KEY_FILE: home.path('secrets', 'vault.key'),
});

/** Makes the key-encryption key the first time (mode 0600). Whoever loses it loses every disk. */
export const ensureVaultKey = async (home: Home): Promise<void> => {
  await ensureKekFile(vaultEnv(home).HCC_VAULT_KEY_FILE);
};

/** Makes a key-encryption key in a file (mode 0600) that is not there yet. Whichever it is, no power cut takes it once this
 *  resolves: one that is found may be from a run that was killed before it was on the disk. */
export const ensureKekFile = async (file: string): Promise<void> => {
  if ((await readSmallFile(file)) === null) await writeFileDurably(file, `${randomBytes(32).toString('hex')}\n`);
  else await syncFile(file);
};
