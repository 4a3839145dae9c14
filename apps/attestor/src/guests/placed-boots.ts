import type { ExpectedBoot } from '#attestation';
import type { VmState } from '#domain';
import {
  AttestationRefused,
  aggregates,
  type EventStore,
  readPageEventsMax,
  streamName,
  vmId as vmIdOf,
} from '#events';

/**
 * What a VM is to show now, from its own stream: the boot that was written down last, on the miner it is placed on. Throws
 * AttestationRefused for a miner that does not hold the VM, a plain VM, and a boot that is not written down yet.
 */
export type ExpectedBoots = (minerId: string, vmId: string) => Promise<ExpectedBoot>;

export const createExpectedBoots =
  (store: Pick<EventStore, 'readStream'>): ExpectedBoots =>
  async (minerId, vmId) => {
    const vm = await vmNow(store, vmId);
    if (vm?.placement?.minerId !== minerId) {
      // Whether there is such a VM at all is nobody's business but its miner's.
      throw new AttestationRefused('vm-other-miner', `VM ${vmId} is not placed on miner ${minerId}`, null);
    }
    if (vm.volume === null) {
      throw new AttestationRefused('vm-not-sealed', `VM ${vmId} has a plain disk: there is no key to attest for`, null);
    }
    const specified = vm.sealedBoot?.specified;
    const { generation } = vm.placement;
    if (specified === undefined || specified.generation !== generation) {
      throw new AttestationRefused(
        'boot-not-specified',
        `the network has not written down yet what VM ${vmId} starts in generation ${generation}; ask again`,
        askAgainMs,
      );
    }
    const { bootId, bootSpec, bootDigest, launchDigests } = specified;
    return { vmId, minerId, generation, bootId, bootSpec, bootDigest, launchDigests };
  };

/** Page by page: a VM that lived for years has a long stream. */
const vmNow = async (store: Pick<EventStore, 'readStream'>, vmId: string): Promise<VmState> => {
  const { decider, codec, category } = aggregates.vm;
  const stream = streamName(category, vmIdOf.decode(vmId));
  let state = decider.initial;
  for (let from = 0n; ; ) {
    const page = await store.readStream(stream, { from, limit: readPageEventsMax });
    for (const recorded of page) state = decider.evolve(state, codec.decode(recorded));
    from += BigInt(page.length);
    if (page.length < readPageEventsMax) return state;
  }
};

const askAgainMs = 1_000;
