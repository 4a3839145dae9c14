import type { GuestRequest, GuestRequests } from '../guest-messages.ts';
import type { Stop } from './bus.ts';

/** What a miner asks for its guests, as itself and on no subject but its own. */
export type GuestBus = {
  /** Rejects with GuestRefused for a "no", with BusUnavailable when no orchestrator answers. */
  ask<What extends GuestRequest>(
    what: What,
    message: GuestRequests[What]['ask'],
  ): Promise<GuestRequests[What]['answer']>;
};

/** A handler that throws GuestRefused refuses; anything else is our fault and says no more than that. */
export type GuestHandlers = {
  readonly [What in GuestRequest]: (
    minerId: string,
    message: GuestRequests[What]['ask'],
  ) => Promise<GuestRequests[What]['answer']>;
};

/** The orchestrator's side of what guests ask. One of several takes each request. */
export type GuestDesk = { serve(handlers: GuestHandlers): Promise<Stop> };
