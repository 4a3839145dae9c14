import { type KeyVault, sealingKeyHolder, VaultError, type VaultRotation, type VaultStatus } from '#events';
import { type Kek, kekOf } from './key-file.ts';
import { KeyFiles } from './key-files.ts';
import { type Entered, type EnterOptions, enterVault } from './vault-record.ts';

export type VaultDirectoryOptions = Omit<EnterOptions, 'kek' | 'older'> & {
  /** What new keys are wrapped under: 32 bytes, copied. */
  readonly kek: Uint8Array;
  /** What else keys may still be wrapped under, while a rotation is not done. */
  readonly olderKeks?: readonly Uint8Array[];
};

/** A vault that can be closed: its keys are overwritten in memory, and others may rotate it. */
export type VaultDirectory = KeyVault & { close(): Promise<void> };

/**
 * Keys as files of a directory, one for each VM or private image and one of the vault's own, mode 0600: AES-256-GCM under a
 * key-encryption key, bound to network, holder and version. Everything is durable before it is answered, and written whole or not at all. Rejects with `kek-unusable` when the
 * vault is under a key-encryption key that was not given, or another program has it open under another one.
 */
export const openVaultDirectory = async (options: VaultDirectoryOptions): Promise<VaultDirectory> => {
  const keks = [options.kek, ...(options.olderKeks ?? [])].map(kekOf);
  const [kek, ...older] = keks;
  if (kek === undefined) throw new VaultError('kek-unusable', 'no vault key was given');
  const entered = await inDir(options.dir, () => enterVault({ ...options, kek, older }));
  const files = new KeyFiles(entered, options.random, keks);
  const guarded = <Args extends readonly unknown[], Result>(run: (...args: Args) => Promise<Result>) => {
    return (...args: Args): Promise<Result> => inDir(options.dir, () => run(...args));
  };
  return {
    create: guarded((holder: string) => files.create(holder)),
    keep: guarded((holder: string, key: Uint8Array) => files.keep(holder, key)),
    withKey: async (holder, use) => {
      const { key, keyVersion } = await inDir(options.dir, () => files.read(holder));
      try {
        return await use(key, { keyVersion });
      } finally {
        key.fill(0);
      }
    },
    destroy: guarded((holder: string) => files.destroy(holder)),
    holders: guarded(async () => (await files.list()).holders.filter((holder) => holder !== sealingKeyHolder)),
    status: guarded(() => statusOf(files)),
    rotate: (newKey, onProgress) => inDir(options.dir, () => rotate(files, entered, kekOf(newKey), onProgress)),
    close: guarded(async () => {
      for (const { key } of files.keks) key.fill(0);
      await entered.leave();
    }),
  };
};

const statusOf = async (files: KeyFiles): Promise<VaultStatus> => {
  const { holders, destroyed } = await files.list();
  const byKek: Record<string, number> = {};
  let [keys, hasSealingKey] = [0, false];
  for (const holder of holders) {
    const kekId = await files.kekIdOf(holder);
    if (kekId === null) continue;
    keys += 1;
    hasSealingKey ||= holder === sealingKeyHolder;
    byKek[kekId] = (byKek[kekId] ?? 0) + 1;
  }
  const missingKeks = Object.keys(byKek).filter((id) => files.keks.every((kek) => kek.id !== id));
  return { keys, hasSealingKey, destroyed, kekId: files.current().id, byKek, missingKeks };
};

/** The record first, then each key: whoever opens the vault in between knows which key it is going to. */
const rotate = async (
  files: KeyFiles,
  entered: Entered,
  to: Kek,
  onProgress: ((progress: VaultRotation) => void) | undefined,
): Promise<VaultRotation> => {
  await entered.moveTo(to);
  files.keks = [to, ...files.keks.filter(({ id }) => id !== to.id)];
  const { holders } = await files.list();
  let done = 0;
  for (const holder of holders) {
    await files.rewrap(holder);
    done += 1;
    onProgress?.({ done, total: holders.length });
  }
  return { done, total: holders.length };
};

/** Whatever else goes wrong is about the directory: a disk that is full, a right that is missing. */
const inDir = async <Result>(dir: string, work: () => Promise<Result>): Promise<Result> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof VaultError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new VaultError('vault-unavailable', `the vault ${dir} cannot be used: ${reason}`, { cause: error });
  }
};
