import { BusUnavailable, type Clock } from '#events';
import { busRetryMs, busWaitMs } from './limits.ts';

/** A server that comes up a moment after us is waited for; one that does not is named by the last error. */
export const connectedSoon = async <Bus>(clock: Clock, connect: () => Promise<Bus>): Promise<Bus> => {
  const until = clock.now() + busWaitMs;
  for (;;) {
    try {
      return await connect();
    } catch (error) {
      if (!(error instanceof BusUnavailable) || clock.now() + busRetryMs >= until) throw error;
      await clock.sleep(busRetryMs);
    }
  }
};
