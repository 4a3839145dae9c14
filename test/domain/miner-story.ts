import type { MinerEvent, Size } from '#domain';
import { minerId, nano, noon, sha256Of, times } from './samples.ts';

export type MinerEventOf<Type extends MinerEvent['type']> = Extract<MinerEvent, { type: Type }>;

/** A host as its agent describes it. */
export const facts = {
  agentEpoch: 1,
  agentVersion: '0.1.0',
  hostBootId: 'kernel-boot-1',
  accelerator: 'tcg',
  platform: 'none',
  cpuModel: 'Sample CPU',
} as const;

export const invited: MinerEventOf<'MinerInvited'> = {
  type: 'MinerInvited',
  minerId,
  name: 'miner-1',
  joinTokenSha256: sha256Of('b'),
  expiresAt: noon + 60_000,
};
export const enrolled: MinerEventOf<'MinerEnrolled'> = { type: 'MinerEnrolled', natsPublicKey: `U${'A'.repeat(55)}` };
export const attached: MinerEventOf<'MinerAttached'> = { type: 'MinerAttached', ...facts };
export const declared = (capacity: Size): MinerEvent => ({ type: 'CapacityDeclared', capacity });

/** A miner that has room for `count` VMs of the smallest flavour. */
export const readyMiner = (count: number): readonly MinerEvent[] => [
  invited,
  enrolled,
  attached,
  declared(times(count, nano)),
];
