import {
  type GuestBase,
  type GuestBootPolicy,
  guestBootSpecText,
  guestCommandLine,
  guestLaunchDigests,
  newestGuestBoot,
  readGuestBootPolicy,
  type SimulatedProcessor,
} from '#attestation';
import type { BootId, ImageDigest, NetworkKind, VmId, VolumeIntegrity } from '#domain';
import type { KnownEvent, Process, ProcessCommand } from './process.ts';

/** What of a boot is not in the log. */
export type BootTerms = {
  readonly network: { readonly id: string; readonly kind: NetworkKind };
  /** Ed25519, 32 raw bytes: what the guest holds the network's word against. */
  readonly networkKey: Uint8Array;
  /** What predicts for a simulated processor; `null` on a production network, which has none. */
  readonly simulated: Pick<SimulatedProcessor, 'launchDigest'> | null;
};

type Sealed = {
  readonly imageDigest: ImageDigest;
  vcpus: number;
  /** `null` while, and if, its disk is a plain one. */
  integrity: VolumeIntegrity | null;
  /** The present boot, until it is settled what it starts. */
  unspecified: { readonly bootId: BootId; readonly generation: number } | null;
};

export type BootsState = {
  readonly vms: Map<VmId, Sealed>;
  readonly bases: Map<string, GuestBase>;
  policy: GuestBootPolicy | null;
};

/**
 * Settles what each boot of a sealed VM starts, before its miner hears of it: the network names firmware, kernel, first RAM
 * disk, command line and base image, and says what the processor must measure of them. The miner names none of it.
 */
export const vmBoots = (terms: BootTerms): Process<BootsState> => ({
  name: 'vm-boots',
  initial: () => ({ vms: new Map(), bases: new Map(), policy: null }),
  absorb: (state, known) => {
    if (known.category === 'vm') absorbVm(state.vms, known);
    if (known.category === 'image' && known.event.type === 'ImageRegistered') {
      const { verity } = known.event.manifest;
      if (verity !== undefined) state.bases.set(known.event.digest, verity);
    }
    const document = publishedBoots(known);
    if (document !== null) state.policy = readGuestBootPolicy(document);
  },
  react: (state, known) => {
    if (publishedBoots(known) !== null) {
      return [...state.vms].flatMap(([vmId, vm]) => specify(vmId, vm, state, terms));
    }
    if (known.category !== 'vm' || known.event.type !== 'BootAuthorized') return [];
    const vm = state.vms.get(known.id);
    return vm === undefined ? [] : specify(known.id, vm, state, terms);
  },
});

const absorbVm = (vms: Map<VmId, Sealed>, { id, event }: Extract<KnownEvent, { category: 'vm' }>): void => {
  if (event.type === 'VmRequested') {
    const { imageDigest, size } = event;
    vms.set(id, { imageDigest, vcpus: size.vcpus, integrity: null, unspecified: null });
    return;
  }
  const vm = vms.get(id);
  if (vm === undefined) return;
  if (event.type === 'VmVolumeChosen') vm.integrity = event.integrity;
  if (event.type === 'VmResized') vm.vcpus = event.size.vcpus;
  if (event.type === 'BootAuthorized') vm.unspecified = { bootId: event.bootId, generation: event.generation };
  if (event.type === 'VmBootSpecified' && event.bootId === vm.unspecified?.bootId) vm.unspecified = null;
  if (event.type === 'VmRefused' || event.type === 'VmTerminated') vms.delete(id);
};

const publishedBoots = (known: KnownEvent): unknown =>
  known.category === 'policy' && known.event.type === 'PolicyPublished' && known.event.name === 'guest-boot'
    ? known.event.document
    : null;

const specify = (
  vmId: VmId,
  { imageDigest, vcpus, integrity, unspecified }: Sealed,
  { bases, policy }: BootsState,
  { network, networkKey, simulated }: BootTerms,
): readonly ProcessCommand[] => {
  const base = bases.get(imageDigest);
  // Without a policy nothing is known to start from: the VM waits, and its boot's deadline says so.
  if (integrity === null || unspecified === null || policy === null || base === undefined) return [];
  const { bootId, generation } = unspecified;
  const image = `sha256:${imageDigest}`;
  const bootSpec = guestBootSpecText({
    version: 1,
    kind: 'vm',
    network: network.id,
    vmId,
    generation,
    bootId,
    image,
    integrity,
  });
  const cmdline = guestCommandLine({ networkId: network.id, kind: network.kind, networkKey, base });
  const references = newestGuestBoot(policy);
  const [{ revision: bootRevision, bootDigest, kernelSha256, initrdSha256 }] = references;
  const launchDigests = guestLaunchDigests(references, { cmdline, vcpus }, simulated);
  return [
    {
      step: `specify:${bootId}`,
      target: 'vm',
      id: vmId,
      command: {
        ...{ type: 'SpecifyBoot', bootId, generation, bootSpec, bootDigest, bootRevision, kernelSha256, initrdSha256 },
        ...{ baseRootHash: base.rootHash, cmdline, launchDigests },
      },
    },
  ];
};
