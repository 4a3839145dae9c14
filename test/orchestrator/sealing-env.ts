import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The settings of a vault in a directory, and of whose results are believed; all of it gone with the directory. */
export const sealingEnv = (dir: string) => {
  const [key, results] = [join(dir, 'vault.key'), join(dir, 'result.pub')];
  writeFileSync(key, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  writeFileSync(results, generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }));
  return { HCC_VAULT_DIR: join(dir, 'vault'), HCC_VAULT_KEY_FILE: key, HCC_RESULT_PUBLIC_KEY_FILE: results };
};
