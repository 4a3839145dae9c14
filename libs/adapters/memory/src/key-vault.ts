import { createHash, timingSafeEqual } from 'node:crypto';
import { holderText, isKeyHolder, type KeyVault, sealingKeyHolder, VaultError, type VaultKey } from '#events';

type Kept = { readonly key: Uint8Array; kekId: string };

/** A vault in memory: keys, marks of destroyed ones and the name of a key-encryption key, and all of it gone with the process. */
export const createMemoryKeyVault = (random: (bytes: number) => Uint8Array): KeyVault => {
  const kept = new Map<string, Kept>();
  const destroyed = new Map<string, VaultKey | null>();
  let kekId = kekIdOf(random(32));

  const wantNotDestroyed = (holder: string): void => {
    if (!isKeyHolder(holder)) throw new VaultError('vm-id-malformed', 'this is no VM id and no image of an account');
    if (destroyed.has(holder)) throw new VaultError('key-destroyed', `the key of ${holderText(holder)} was destroyed`);
  };

  return {
    create: async (holder) => {
      wantNotDestroyed(holder);
      if (!kept.has(holder)) kept.set(holder, { key: Uint8Array.from(random(64)), kekId });
      return only;
    },
    keep: async (holder, key) => {
      wantNotDestroyed(holder);
      if (key.length !== 64) throw new VaultError('key-length', `a key has ${key.length} bytes, wanted 64`);
      const before = kept.get(holder);
      if (before === undefined) kept.set(holder, { key: Uint8Array.from(key), kekId });
      else if (!timingSafeEqual(before.key, key)) {
        throw new VaultError('key-other', `${holderText(holder)} has another key in this vault`);
      }
      return only;
    },
    withKey: async (holder, use) => {
      wantNotDestroyed(holder);
      const key = kept.get(holder)?.key;
      if (key === undefined) throw new VaultError('key-absent', `${holderText(holder)} has no key in this vault`);
      const lent = Uint8Array.from(key);
      try {
        return await use(lent, only);
      } finally {
        lent.fill(0);
      }
    },
    destroy: async (holder) => {
      const before = destroyed.get(holder);
      if (before !== undefined) return before;
      wantNotDestroyed(holder);
      const key = kept.get(holder)?.key;
      key?.fill(0);
      kept.delete(holder);
      destroyed.set(holder, key === undefined ? null : only);
      return key === undefined ? null : only;
    },
    holders: async () => [...kept.keys()].filter((holder) => holder !== sealingKeyHolder),
    status: async () => {
      const byKek: Record<string, number> = {};
      for (const one of kept.values()) byKek[one.kekId] = (byKek[one.kekId] ?? 0) + 1;
      const hasSealingKey = kept.has(sealingKeyHolder);
      return { keys: kept.size, hasSealingKey, destroyed: destroyed.size, kekId, byKek, missingKeks: [] };
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
