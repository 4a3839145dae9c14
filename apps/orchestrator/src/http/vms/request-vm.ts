import {
  type Account,
  demandImageUse,
  type Flavor,
  formatCredits,
  type ImageManifest,
  memoryNeeded,
  type NetworkState,
  offeredFlavor,
  offeredImage,
  Refusal,
  type UnixMs,
  type VmCommand,
  type VolumeWanted,
  vmCreationMinimum,
} from '#domain';
import { DoorProblem } from '#edge';
import { type EventStore, streamName } from '#events';
import { noAccount } from '../auth/principal.ts';
import { accountNow, flavorNow, imageNow, networkNow } from '../ownership.ts';
import type { NewVm } from '../schemas/vms.ts';

type RequestVm = Extract<VmCommand, { type: 'RequestVm' }>;

/**
 * The whole request of a VM: size and price from its flavor, keys from its account's stream. Refuses what cannot become
 * a VM. A vmId that is taken is not checked again, so that a repeat meets its own first result and not today's balance.
 */
export const requestVm = async (store: EventStore, wanted: NewVm, now: UnixMs): Promise<RequestVm> => {
  const known = await flavorNow(store, wanted.flavorId);
  const account = await accountNow(store, wanted.accountId);
  if (account === null) throw noAccount(wanted.accountId);
  const isRepeat = (await store.readStream(streamName('vm', wanted.vmId), { from: 0n, limit: 1 })).length > 0;
  const flavor = isRepeat && known !== null ? known : offeredFlavor(known, wanted.flavorId);
  const sshPublicKeys = keysOf(account, wanted.sshKeyFingerprints, isRepeat);
  const image = await imageNow(store, wanted.imageDigest);
  if (!isRepeat) {
    const manifest = offeredImage(image, wanted.imageDigest);
    demandImageUse(image, wanted.accountId);
    demandRoom(manifest, flavor);
    demandSealed(manifest, wanted, await networkNow(store));
    demandCredits(account);
  }
  const { sshKeyFingerprints: _, integrity, ...named } = wanted;
  const isSealed = image?.manifest.verity !== undefined;
  const volume: VolumeWanted = isSealed ? { kind: 'luks2', integrity } : { kind: 'plain' };
  return { ...named, type: 'RequestVm', size: flavor.size, sshPublicKeys, firstHold: flavor.pricePerHour, volume, now };
};

/** Refuses an account whose VM would let nobody in. */
export const demandKeys = (account: Account): void => {
  keysOf(account, undefined, false);
};

const keysOf = (account: Account, fingerprints: readonly string[] | undefined, isRepeat: boolean): string[] => {
  const keys: string[] = [];
  for (const fingerprint of new Set(fingerprints ?? account.sshKeys.keys())) {
    const key = account.sshKeys.get(fingerprint);
    if (key !== undefined) keys.push(key);
    else if (!isRepeat) {
      throw new Refusal(
        'ssh-key-not-found',
        `account ${account.accountId} has no SSH key ${fingerprint}; \`hcc key ls\` lists its keys`,
      );
    }
  }
  if (keys.length > 0 || isRepeat) return keys;
  throw new DoorProblem(
    'ssh-key-required',
    `account ${account.accountId} has no SSH key, and a VM without one lets nobody in; add one with \`hcc key add\``,
  );
};

/** Refuses a flavour with less memory than an image needs, or a disk that the image does not fit on. */
export const demandRoom = (manifest: ImageManifest, flavor: Flavor): void => {
  const { memoryBytes, diskBytes } = flavor.size;
  if (diskBytes < manifest.rootfs.bytes) {
    throw new DoorProblem(
      'flavor-too-small',
      `flavor ${flavor.flavorId} has ${diskBytes} bytes of disk and image ${manifest.name} fills ${manifest.rootfs.bytes}; take a bigger flavor`,
      { observed: diskBytes, wanted: manifest.rootfs.bytes },
    );
  }
  const needed = memoryNeeded(manifest);
  if (memoryBytes >= needed) return;
  throw new DoorProblem(
    'flavor-too-small',
    `flavor ${flavor.flavorId} has ${memoryBytes} bytes of memory and image ${manifest.name} needs ${needed}; take a bigger flavor`,
    { observed: memoryBytes, wanted: needed },
  );
};

/** Refuses an image without a verity tree where its disk would be readable to its host and may not be. */
const demandSealed = (manifest: ImageManifest, { integrity }: NewVm, network: NetworkState): void => {
  if (manifest.verity !== undefined) return;
  if (network?.kind === 'simulated' && integrity === 'none') return;
  const why =
    network?.kind === 'simulated'
      ? `has no verity tree, so its disk is a plain one, and ${integrity} is of encrypted disks`
      : 'has no verity tree, so its miner could read its disk; only a simulated network has such VMs';
  throw new Refusal(
    'image-not-sealed',
    `image ${manifest.name} ${why}; take an image with a verity tree: \`hcc image ls\` lists the images`,
    { image: manifest.name },
  );
};

/** Advisory: two requests at once may both pass. The hold, which the account's own stream decides, does not. */
export const demandCredits = ({ accountId, available }: Account): void => {
  if (available >= vmCreationMinimum) return;
  throw new Refusal(
    'insufficient-credits',
    `account ${accountId} has ${formatCredits(available)} available; creating a VM needs ${formatCredits(vmCreationMinimum)}`,
    { observed: available.toString(), wanted: vmCreationMinimum.toString() },
  );
};
