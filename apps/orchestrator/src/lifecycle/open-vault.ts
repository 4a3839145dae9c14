import { randomBytes } from 'node:crypto';
import { openVaultDirectory, readKek, type VaultDirectory } from '#adapters/vault';
import type { OrchestratorConfig } from '../config.ts';

/** The vault of a configuration. Its key-encryption keys are in memory while it is open, and what was read is overwritten. */
export const openVaultOf = async (
  { dir, kek, older }: OrchestratorConfig['vault'],
  network: string,
): Promise<VaultDirectory> => {
  const key = await readKek(kek);
  const before = older === null ? [] : [await readKek(older)];
  try {
    return await openVaultDirectory({ dir, networkId: network, random: randomBytes, kek: key, olderKeks: before });
  } finally {
    for (const read of [key, ...before]) read.fill(0);
  }
};
