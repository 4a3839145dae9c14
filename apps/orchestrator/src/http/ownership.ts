import { type FlavorState, fold, type ImageState, type NetworkState, Refusal, type VmState } from '#domain';
import { aggregates, type EventStore, idOf, readWholeStream, type StreamName, streamName } from '#events';
import { requesterOf } from '../projections/streams.projection.ts';
import { demandRole, maySee, type Principal } from './auth/principal.ts';

/** Whose a thing is, read from the store: a VM that was requested a moment ago has its owner at once. */
export type Ownership = {
  /** Refuses `vm-not-found` for a VM that is not there or not the caller's, in the same words. */
  demandVm(principal: Principal, vmId: string): Promise<void>;
  /** Whether the caller may read a stream. */
  mayRead(principal: Principal, stream: StreamName): Promise<boolean>;
};

export const createOwnership = (store: EventStore): Ownership => {
  const accountOfVm = async (stream: StreamName): Promise<string | null> => {
    const [first] = await store.readStream(stream, { from: 0n, limit: 1 });
    if (first === undefined) return null;
    return requesterOf(first);
  };
  return {
    demandVm: async (principal, vmId) => {
      demandRole(principal, 'operator', 'owner');
      const accountId = await accountOfVm(streamName('vm', vmId));
      if (accountId === null || !maySee(principal, accountId)) throw noVm(vmId);
    },
    mayRead: async (principal, stream) => {
      if (principal.role !== 'owner') return true;
      if (stream.startsWith('account-')) return idOf(stream) === principal.accountId;
      // What was judged of a VM is its owner's to know; the attester of a guest has its VM's id, and no miner's id is one.
      if (!stream.startsWith('vm-') && !stream.startsWith('appraisal-')) return false;
      return (await accountOfVm(streamName('vm', idOf(stream)))) === principal.accountId;
    },
  };
};

export const noVm = (vmId: string): Refusal =>
  new Refusal('vm-not-found', `there is no VM ${vmId}; \`hcc vm ls\` lists yours`);

/** An account's state as its stream has it now. */
export const accountNow = async (store: EventStore, accountId: string) => {
  const { decider, codec } = aggregates.account;
  const history = await readWholeStream(store, streamName('account', accountId));
  return fold(decider, history.map(codec.decode));
};

/** An image as its stream has it now, and not as a read model may still show it. */
export const imageNow = async (store: EventStore, digest: string): Promise<ImageState> => {
  const { decider, codec } = aggregates.image;
  const history = await readWholeStream(store, streamName('image', digest));
  return fold(decider, history.map(codec.decode));
};

/** A flavour as its stream has it now, and not as a read model may still show it. */
export const flavorNow = async (store: EventStore, flavorId: string): Promise<FlavorState> => {
  const { decider, codec } = aggregates.flavor;
  const history = await readWholeStream(store, streamName('flavor', flavorId));
  return fold(decider, history.map(codec.decode));
};

/** A VM's state as its stream has it now. */
export const vmNow = async (store: EventStore, vmId: string): Promise<VmState> => {
  const { decider, codec } = aggregates.vm;
  const history = await readWholeStream(store, streamName('vm', vmId));
  return fold(decider, history.map(codec.decode));
};

/** What this network is; `null` before it is founded, which it is before anything else. */
export const networkNow = async (store: EventStore): Promise<NetworkState> => {
  const { decider, codec } = aggregates.network;
  const history = await readWholeStream(store, streamName('network', 'main'));
  return fold(decider, history.map(codec.decode));
};
