import { randomBytes } from 'node:crypto';
import { readSmallFile } from '../context.ts';
import { type Home, writeWhole } from './home.ts';

/** Where a local cluster keeps the keys of its volumes, and what they are wrapped under. */
export const vaultEnv = (home: Pick<Home, 'path'>) => ({
  HCC_VAULT_DIR: home.path('vault'),
  HCC_VAULT_KEY_FILE: home.path('secrets', 'vault.key'),
});

/** Makes the key-encryption key the first time (mode 0600). Whoever loses it loses every disk. */
export const ensureVaultKey = async (home: Home): Promise<void> => {
  const { HCC_VAULT_KEY_FILE: file } = vaultEnv(home);
  if ((await readSmallFile(file)) === null) await writeWhole(file, `${randomBytes(32).toString('hex')}\n`);
};
