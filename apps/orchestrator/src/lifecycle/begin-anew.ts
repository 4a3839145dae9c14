import type { Log } from '#edge';
import { type Checkpoints, StoreUnavailable } from '#events';

/**
 * Checkpoints of which a damaged one counts as none: for a start that a person told to let consumers without one begin at
 * the beginning. What such a consumer repeats changes nothing. Throws what else a store throws.
 */
export const withoutDamaged = (checkpoints: Checkpoints, log: Log): Checkpoints => ({
  ...checkpoints,
  load: async (consumer) => {
    try {
      return await checkpoints.load(consumer);
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || error.fault !== 'corrupt') throw error;
      log('warn', 'damaged checkpoint left out: its consumer begins at the beginning', {
        consumer,
        reason: error.message,
      });
      return 'none';
    }
  },
});
