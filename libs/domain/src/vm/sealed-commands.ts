import type { Tier } from '../appraisal/events.ts';
import type { BootId, ImageDigest, MinerId } from '../values/ids.ts';
import type { UnixMs } from '../values/time.ts';
import type { BootSpecification, ConsentKind, KeySuite, VolumeIntegrity } from './sealed-events.ts';

/** What a VM's disk is asked to be. A plain one is what its miner can read. */
export type VolumeWanted = { readonly kind: 'plain' } | { readonly kind: 'luks2'; readonly integrity: VolumeIntegrity };

/** Which boot speaks, from which miner, and what came of its evidence: the signed result of a fresh appraisal. */
type AppraisedBoot = {
  readonly minerId: MinerId;
  readonly generation: number;
  readonly bootId: BootId;
  readonly appraisalId: string;
  readonly appraisedAt: UnixMs;
  readonly tier: Tier;
};

/** Commands to a VM whose disk nobody but its guest can read. */
export type VmSealedCommand =
  | ({ readonly type: 'SpecifyBoot' } & BootSpecification)
  | ({
      readonly type: 'ReleaseKey';
      readonly guestKeySha256: string;
      readonly suite: KeySuite;
      readonly keyVersion: number;
      /** What the policy `guest-boot` says of suites that no hybrid key is in. */
      readonly allowClassical: boolean;
      /** The key of the private image that the disk is filled from, which goes along; none for a public one. */
      readonly imageKey?: { readonly imageDigest: ImageDigest; readonly keyVersion: number } | null;
    } & AppraisedBoot)
  | ({
      readonly type: 'ConfirmBoot';
      readonly headerSha256: string;
      /** What the guest has written into its volume before it asked. */
      readonly counter: number;
      readonly sshHostKey: string;
    } & AppraisedBoot)
  | { readonly type: 'ConsentVm'; readonly kind: ConsentKind; readonly bootId: BootId }
  | { readonly type: 'RecordKeyDestroyed'; readonly keyVersion: number };
