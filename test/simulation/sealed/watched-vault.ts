import { createMemoryKeyVault } from '#adapters/memory';
import type { KeyVault } from '#events';
import { digestOf } from './network.ts';
import type { Witness } from './witness.ts';

/** The one vault, whose keys are the same in every run; what it destroys is seen. */
export const watchedVault = (seed: number, witness: Pick<Witness, 'keyDestroyed'>): KeyVault => {
  let made = 0;
  const vault = createMemoryKeyVault((bytes) => {
    made += 1;
    return Buffer.concat([digestOf('vault', `${seed}`, `${made}`), digestOf('vault', `${made}`)]).subarray(0, bytes);
  });
  return {
    ...vault,
    destroy: async (vmId) => {
      const destroyed = await vault.destroy(vmId);
      if (destroyed !== null) witness.keyDestroyed(vmId);
      return destroyed;
    },
  };
};
