import { randomUUID } from 'node:crypto';
import type { BootId, ImageDigest, MinerId, VmEvent, VmId } from '#domain';
import { credits, gibibyte } from '#domain';
import { type Guest, openGuest, type Saying, specifiedBoot } from '../../libs/attestation/src/guest/guest.fixture.ts';
import type { KnownHost } from './seed.ts';

/** An owner's sealed VM, as its stream tells of it, and what its guest would say. */
export type SealedVm = {
  readonly vmId: string;
  /** What is told of it until its boot was written down. */
  readonly story: readonly VmEvent[];
  readonly boot: ReturnType<typeof specifiedBoot>;
  /** Its next boot, as it is written down when it is rebooted. */
  readonly reboot: () => { readonly boot: SealedVm['boot']; readonly story: readonly VmEvent[] };
  readonly say: (over?: Partial<Saying>) => string;
};

/** The chip of a miner, on which guests can run: a host whose devices are known, without its TPM's quotes. */
export type GuestHost = KnownHost & { readonly root: Guest['root']; readonly guest: Guest };

export const openGuestHost = async (minerId: string = randomUUID()): Promise<GuestHost> => {
  const guest = await openGuest();
  return {
    minerId,
    root: guest.root,
    chipId: guest.chipId,
    akPublic: 'AAA=',
    akName: minerId.replaceAll('-', ''),
    guest,
  };
};

/** A sealed VM that is placed on this host and was told to boot. */
export const sealedVm = (host: GuestHost, vmId: string = randomUUID()): SealedVm => {
  const at = { minerId: host.minerId as MinerId, generation: 1 };
  const specified = (bootEpoch: number) => {
    const boot = specifiedBoot({ vmId, ...at, bootId: randomUUID() });
    return { boot, story: bootOf(boot, bootEpoch) };
  };
  const { boot, story } = specified(1);
  return {
    ...{ vmId, boot, story: [...requested(vmId), proposed(at), { type: 'VmPlaced', ...at }, ...story] },
    reboot: () => specified(2),
    say: (over = {}) => Buffer.from(host.guest.say({ boot, ...over })).toString(),
  };
};

const requested = (vmId: string): readonly VmEvent[] => [
  {
    ...{ type: 'VmRequested', vmId: vmId as VmId, accountId: randomUUID() as never, name: 'web', flavorId: 'standard' },
    size: { vcpus: 2, memoryBytes: gibibyte, diskBytes: gibibyte },
    imageDigest: 'ab'.repeat(32) as ImageDigest,
    ...{ sshPublicKeys: [], restartPolicy: 'never', firstHold: credits(1n), deadlineAt: 0 },
  },
  { type: 'VmVolumeChosen', integrity: 'none' },
];

const proposed = (at: { readonly minerId: MinerId; readonly generation: number }): VmEvent => ({
  ...{ type: 'VmPlacementProposed', ...at, snapshotPosition: '1', deadlineAt: 0 },
});

const bootOf = (boot: SealedVm['boot'], bootEpoch: number): readonly VmEvent[] => {
  const { generation, bootSpec, bootDigest, cmdline, launchDigests } = boot;
  const bootId = boot.bootId as BootId;
  return [
    { type: 'BootAuthorized', generation, bootEpoch, bootId, cause: 'owner-start', authorizedAt: 0, deadlineAt: 0 },
    {
      ...{ type: 'VmBootSpecified', bootId, generation, bootSpec, bootDigest, bootRevision: 1, cmdline, launchDigests },
      ...{ kernelSha256: '1'.repeat(64), initrdSha256: '2'.repeat(64), baseRootHash: '3'.repeat(64) },
      consentNeeded: false,
    },
  ];
};
