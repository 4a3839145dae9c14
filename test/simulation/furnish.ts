import type { AccountId, MinerId, UnixMs } from '#domain';
import { aggregates, type Handling, handle, type Ids } from '#events';
import { bootRevisionsMax, publishBoots, sealedImage, sealedImageManifest } from './sealed/network.ts';
import { depositOf, metaOf } from './wishes.ts';

/** Opens the accounts, the last one with too little for a VM, and enrols the miners. */
export const furnish = async (
  handling: Handling,
  ids: Ids,
  accounts: readonly AccountId[],
  miners: readonly MinerId[],
): Promise<void> => {
  const now: UnixMs = handling.clock.now();
  for (const [index, accountId] of accounts.entries()) {
    const open = { type: 'OpenAccount', accountId, name: `account ${index}`, now } as const;
    await handle(handling, aggregates.account, accountId, open, metaOf(ids.uuid()));
    const isPoor = index > 0 && index === accounts.length - 1;
    const deposit = { ...depositOf(ids, isPoor ? 5n : 1_000n), now };
    await handle(handling, aggregates.account, accountId, deposit, metaOf(ids.uuid()));
  }
  for (const [index, minerId] of miners.entries()) {
    const joinTokenSha256 = 'cd'.repeat(32);
    const invite = { type: 'InviteMiner', minerId, name: `miner-${index}`, joinTokenSha256, now } as const;
    const invited = { ...invite, expiresAt: now + 3_600_000 };
    await handle(handling, aggregates.miner, minerId, invited, metaOf(ids.uuid()));
    const natsPublicKey = `U${'A'.repeat(54)}${'ABCDEFGHIJKLMNOP'.charAt(index)}`;
    const enrol = { type: 'EnrolMiner', natsPublicKey, joinTokenSha256, now } as const;
    await handle(handling, aggregates.miner, minerId, enrol, metaOf(ids.uuid()));
  }
};

/** Registers the image that sealed VMs have, and publishes what they are started with. */
export const furnishSealed = async (handling: Handling, ids: Ids): Promise<void> => {
  const now: UnixMs = handling.clock.now();
  const register = { type: 'RegisterImage', digest: sealedImage, manifest: sealedImageManifest, now } as const;
  await handle(handling, aggregates.image, sealedImage, register, metaOf(ids.uuid()));
  await publishBootImage(handling, ids, bootRevisionsMax - 1);
};

/** Publishes the policy with these boot images, whichever there were before. */
export const publishBootImage = async (handling: Handling, ids: Ids, newest: number): Promise<void> => {
  const publish = { ...publishBoots(newest), now: handling.clock.now() };
  await handle(handling, aggregates.policy, publish.name, publish, metaOf(ids.uuid()));
};
