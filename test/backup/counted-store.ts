import type { BackupStore, VmChunks } from '#events';

/** A store that says what was done with it, and can be made to fail before it does anything. */
export const counted = (store: BackupStore) => {
  const puts: string[] = [];
  const gets: string[] = [];
  const removed: string[] = [];
  const bench = {
    puts,
    gets,
    removed,
    /** Asked before each piece is written; what it throws is the store's answer. */
    beforePut: async (_sha256: string): Promise<void> => undefined,
    beforeGet: async (_sha256: string): Promise<void> => undefined,
    store: {
      name: store.name,
      chunksOf: (vmId: string): VmChunks => {
        const chunks = store.chunksOf(vmId);
        return {
          ...chunks,
          put: async (sha256, bytes) => {
            await bench.beforePut(sha256);
            puts.push(sha256);
            await chunks.put(sha256, bytes);
          },
          get: async (sha256) => {
            await bench.beforeGet(sha256);
            gets.push(sha256);
            return chunks.get(sha256);
          },
          remove: async (sha256) => {
            removed.push(sha256);
            await chunks.remove(sha256);
          },
        };
      },
    } satisfies BackupStore,
  };
  return bench;
};
