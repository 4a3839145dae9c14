import { createPublicKey, type KeyObject } from 'node:crypto';
import { fold, type Network, type NetworkKind } from '#domain';
import {
  aggregates,
  type Clock,
  derivedUuid,
  type EventStore,
  handle,
  type Ids,
  readWholeStream,
  streamName,
} from '#events';

export type NetworkTerms = {
  readonly name: string;
  readonly kind: NetworkKind;
  /** The network's Ed25519 private key; its public half is recorded. */
  readonly key: KeyObject;
  /** SHA-256 of the simulated root's public key; `null` on a production network. */
  readonly simulatedRootSha256: string | null;
};

/**
 * Says in the log what this network is, before anything else is said there; a log of an older build is told once. Throws
 * Refusal when this start's settings or keys are another network's.
 */
export const foundNetwork = async (
  { store, clock, ids }: { readonly store: EventStore; readonly clock: Clock; readonly ids: Ids },
  { name, kind, key, simulatedRootSha256 }: NetworkTerms,
): Promise<Network> => {
  const networkPublicKey = createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64');
  const networkId = ids.uuid();
  const commandId = derivedUuid('found-network', networkId);
  const command = {
    type: 'FoundNetwork',
    now: clock.now(),
    networkId,
    name,
    kind,
    networkPublicKey,
    simulatedRootSha256,
  } as const;
  const meta = {
    commandId,
    actor: 'system:orchestrator',
    correlationId: commandId,
    causationId: commandId,
    traceparent: null,
  } as const;
  await handle({ store, clock }, aggregates.network, 'main', command, meta);
  const { decider, codec } = aggregates.network;
  const founded = fold(decider, (await readWholeStream(store, streamName('network', 'main'))).map(codec.decode));
  if (founded === null) throw new Error('BUG: the network was founded and is not there');
  return founded;
};
