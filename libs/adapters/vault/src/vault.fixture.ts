import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openVaultDirectory, type VaultDirectory } from './index.ts';

export const networkId = '8f9a2f6e-2f1a-4b53-9d53-0d6f3f7d0a11';

/** A fresh directory, removed when the test ends. */
export const vaultDir = async (): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-vault-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
};

/** Opens the vault of a directory; closed when the test ends. */
export const openAt = async (
  dir: string,
  kek: Uint8Array,
  olderKeks: readonly Uint8Array[] = [],
): Promise<VaultDirectory> => {
  const vault = await openVaultDirectory({ dir, networkId, kek, olderKeks, random: randomBytes });
  onTestFinished(() => vault.close());
  return vault;
};

export const keyOf = (vault: VaultDirectory, vmId: string): Promise<string> =>
  vault.withKey(vmId, async (key) => Buffer.from(key).toString('hex'));
