import type { Log } from '#edge';
import { BusUnavailable, type Clock, type MinerBus } from '#events';
import type { Identity } from './identity/identity.ts';
import { limits } from './limits.ts';

export type ConnectParts<Bus extends MinerBus> = {
  readonly identity: Pick<Identity, 'servers' | 'credentials' | 'refresh'>;
  /** One try, at these servers. */
  readonly connect: (servers: readonly string[], credentials: Identity['credentials']) => Promise<Bus>;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
};

/** Connects to the bus, however long it takes. A stored pass may name a server that moved since, or credentials of a
 *  network that was made anew, so the orchestrator is asked for another one between tries. Rejects when stopped. */
export const connectPatiently = async <Bus extends MinerBus>({
  identity,
  connect,
  clock,
  log,
  signal,
}: ConnectParts<Bus>): Promise<Bus> => {
  for (let pauseMs: number = limits.syncRetryMs; ; pauseMs = Math.min(2 * pauseMs, limits.syncRetryMaxMs)) {
    try {
      return await connect(identity.servers(), identity.credentials);
    } catch (error) {
      if (!(error instanceof BusUnavailable)) throw error;
      log('warn', 'no bus yet, it is tried again', { reason: error.message, inMs: pauseMs });
    }
    await clock.sleep(pauseMs, signal);
    if (signal.aborted) throw new BusUnavailable('stopped before the bus was there');
    await identity.refresh().catch((error: unknown) => {
      log('warn', 'no other pass, the one in hand is used', { reason: String(error) });
    });
  }
};
