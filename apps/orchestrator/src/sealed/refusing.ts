import { Refusal } from '#domain';
import type { Log } from '#edge';
import { GuestRefused, type NetworkAnswer, VaultError } from '#events';
import { SealingError } from '#sealing';
import { guestRetryMs } from './limits.ts';

/** A "no" of our own rules as a "no" to the guest; those that time or a person may change are worth asking again. */
export const refusing = async (log: Log, work: () => Promise<NetworkAnswer>): Promise<NetworkAnswer> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refusal)
      throw new GuestRefused(error.code, error.message, mayChange.has(error.code) ? guestRetryMs : null);
    if (error instanceof SealingError) throw new GuestRefused(error.code, error.message, null);
    if (error instanceof VaultError && error.code === 'key-destroyed') {
      throw new GuestRefused(error.code, error.message, null);
    }
    if (error instanceof VaultError && error.code === 'key-absent') {
      // The guest waits; whoever runs the network has to know why.
      log('error', 'a key is not in the vault', { reason: error.message });
      throw new GuestRefused(error.code, error.message, guestRetryMs);
    }
    throw error;
  }
};

const mayChange: ReadonlySet<string> = new Set([
  // Its miner ends it in a moment. One that stopped by itself meanwhile would look like one that failed.
  'vm-not-wanted',
  'boot-not-specified',
  'consent-needed',
  'volume-older',
  // Its owner has yet to hand it over.
  'image-key-absent',
  // The guest attests anew: its verdict may have waited for something, such as the first word about its host's chip.
  'appraisal-too-old',
  'appraisal-not-affirming',
]);
