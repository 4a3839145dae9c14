import type { Log } from '#edge';
import type { Clock, EventStore, GuestHandlers, Ids, KeyVault } from '#events';
import { createAccessMessage } from '../../../apps/orchestrator/src/sealed/access-message.ts';
import { createGuestDesk } from '../../../apps/orchestrator/src/sealed/guest-desk.ts';
import type { Sealing } from '../../../apps/orchestrator/src/sealed/sealing.ts';
import { bootTerms, network, networkKey } from './network.ts';
import { readSimulated } from './results.ts';

export type SealingGround = {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly vault: Pick<KeyVault, 'create' | 'withKey' | 'destroy' | 'holders'>;
};

/** What production makes of the same parts, but for the seal under results. */
export const simulatedSealing = ({
  store,
  clock,
  ids,
  log,
  vault,
}: SealingGround): { readonly sealing: Sealing; readonly desk: GuestHandlers } => ({
  sealing: { vault, boots: bootTerms, access: createAccessMessage(network.id, networkKey) },
  desk: createGuestDesk({
    ...{ store, clock, ids, log, vault, networkKey, networkId: network.id },
    readResult: async (result, nowMs) => readSimulated(result, nowMs),
    allowsClassical: async () => false,
  }),
});
