import { createHash } from 'node:crypto';
import type { GuestBootPolicy } from '#attestation';
import {
  type AccountId,
  credits,
  type HoldId,
  type ImageCommand,
  type ImageDigest,
  type MinerId,
  type PrivacyWanted,
  type VmId,
} from '#domain';
import { aggregates, bootIdOf, handle } from '#events';
import { type Bench, roomFor } from '../conformance/bench.ts';
import { manifest } from './told.ts';

export const sealedImageDigest = 'cd'.repeat(32) as ImageDigest;
const imageDigest = sealedImageDigest;

/** Registers an image with a verity tree: VMs of it are sealed. With an owner it is a private one. */
export const registerImage = async (bench: Bench, privacy: PrivacyWanted = null): Promise<void> => {
  const verity = {
    rootHash: 'ab'.repeat(32),
    salt: 'cd'.repeat(32),
    dataBlocks: 7,
    tree: { sha256: 'e'.repeat(64), bytes: 9 },
  };
  const command = {
    type: 'RegisterImage',
    ...{ now: bench.clock.now(), digest: imageDigest },
    manifest: { ...manifest, architecture: 'x86_64', manifestVersion: 3, verity },
    privacy,
  } as const;
  await handle(bench, aggregates.image, imageDigest, command, meta(bench));
};

/** Gives that image a command, as its owner or the vault's process would. */
export const tellImage = async (bench: Bench, command: ImageCommand): Promise<void> => {
  await handle(bench, aggregates.image, imageDigest, command, meta(bench));
};

/** Publishes what owners' VMs are started with. */
export const publishPolicy = async (bench: Bench, policy: GuestBootPolicy): Promise<void> => {
  const command = {
    type: 'PublishPolicy',
    ...{
      now: bench.clock.now(),
      name: 'guest-boot',
      sha256: createHash('sha256').update(JSON.stringify(policy)).digest('hex'),
    },
    ...{ document: policy, reason: 'test', follows: null },
  } as const;
  await handle(bench, aggregates.policy, 'guest-boot', command, meta(bench));
};

/** A sealed VM of that image, placed on a miner as generation 1 and told to boot. */
export const sealedOn = async (bench: Bench, minerId: MinerId, owner?: AccountId): Promise<VmId> => {
  const vmId = bench.ids.uuid() as VmId;
  const accountId = owner ?? (await bench.account(20n));
  await bench.vm(vmId, {
    ...{ type: 'RequestVm', vmId, accountId, flavorId: 'nano', size: roomFor(1), firstHold: credits(1n) },
    ...{ name: 'web', imageDigest, sshPublicKeys: ['ssh-ed25519 AAAAowner'], restartPolicy: 'always' },
    volume: { kind: 'luks2', integrity: 'none' },
  });
  await bench.vm(vmId, { type: 'AdmitVm', holdId: bench.ids.uuid() as HoldId });
  await bench.vm(vmId, { type: 'ProposePlacement', minerId, snapshotPosition: 'memory.1' });
  await bench.vm(vmId, { type: 'ConfirmPlacement', minerId, generation: 1, nextBootId: bootIdOf(bench.ids.uuid()) });
  return vmId;
};

const meta = ({ ids }: Bench) => {
  const commandId = ids.uuid();
  return {
    commandId,
    actor: 'system:test',
    correlationId: commandId,
    causationId: commandId,
    traceparent: null,
  } as const;
};
