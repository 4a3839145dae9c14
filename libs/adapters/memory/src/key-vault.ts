import { createHash } from 'node:crypto';
import { type KeyVault, VaultError, type VaultKey } from '#events';

type Kept = { readonly key: Uint8Array; kekId: string };

/** A vault in memory: keys, marks of destroyed ones and the name of a key-encryption key, and all of it gone with the process. */
export const createMemoryKeyVault = (random: (bytes: number) => Uint8Array): KeyVault => {
  const kept = new Map<string, Kept>();
  const destroyed = new Map<string, VaultKey | null>();
  let kekId = kekIdOf(random(32));

  const wantNotDestroyed = (vmId: string): void => {
    if (!/^[a-z0-9][a-z0-9-]{0,63}$/.test(vmId)) throw new VaultError('vm-id-malformed', 'this is no VM id');
    if (destroyed.has(vmId)) throw new VaultError('key-destroyed', `the key of VM ${vmId} was destroyed`);
  };

  return {
    create: async (vmId) => {
      wantNotDestroyed(vmId);
      if (!kept.has(vmId)) kept.set(vmId, { key: Uint8Array.from(random(64)), kekId });
      return only;
    },
    withKey: async (vmId, use) => {
      wantNotDestroyed(vmId);
      const key = kept.get(vmId)?.key;
      if (key === undefined) throw new VaultError('key-absent', `VM ${vmId} has no key in this vault`);
      const lent = Uint8Array.from(key);
      try {
        return await use(lent, only);
      } finally {
        lent.fill(0);
      }
    },
    destroy: async (vmId) => {
      const before = destroyed.get(vmId);
      if (before !== undefined) return before;
      wantNotDestroyed(vmId);
      const key = kept.get(vmId)?.key;
      key?.fill(0);
      kept.delete(vmId);
      destroyed.set(vmId, key === undefined ? null : only);
      return key === undefined ? null : only;
    },
    status: async () => {
      const byKek: Record<string, number> = {};
      for (const one of kept.values()) byKek[one.kekId] = (byKek[one.kekId] ?? 0) + 1;
      return { keys: kept.size, destroyed: destroyed.size, kekId, byKek, missingKeks: [] };
    },
    rotate: async (newKey, onProgress) => {
      if (newKey.length !== 32)
        throw new VaultError('kek-unusable', `a vault key has ${newKey.length} bytes, wanted 32`);
      kekId = kekIdOf(newKey);
      let done = 0;
      for (const one of kept.values()) {
        one.kekId = kekId;
        done += 1;
        onProgress?.({ done, total: kept.size });
      }
      return { done, total: kept.size };
    },
  };
};

const only: VaultKey = { keyVersion: 1 };

const kekIdOf = (key: Uint8Array): string => createHash('sha256').update(key).digest('hex').slice(0, 16);
