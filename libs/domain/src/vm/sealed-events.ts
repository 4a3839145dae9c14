import type { BootId, ImageDigest, MinerId } from '../values/ids.ts';
import type { UnixMs } from '../values/time.ts';

// These names and fields are the stored format of `vm-<id>`. They change only with a new version and an upcaster.

/** What guards the sectors of a volume beside their encryption: nothing, or an HMAC of each, for twice the writes and some room. */
export type VolumeIntegrity = 'none' | 'hmac-sha256';

/** What the volume key is sealed with on its way to the guest. The classical one stands no quantum computer. */
export type KeySuite = 'x-wing/hkdf-sha256/aes-256-gcm' | 'x25519/hkdf-sha256/aes-256-gcm';

/** Whether the guest makes its volume anew or opens the one it has. The signed answer says so; a blank disk says nothing. */
export type UnlockMode = 'format' | 'unlock';

/** What an owner may allow one boot: a volume that went back in time, or a start with something older than last time. */
export type ConsentKind = 'rollback' | 'launch';

/** Everything of one boot that is measured. Digests are hex; the guest's identity is the SHA-256 of `bootSpec`. */
export type BootSpecification = {
  readonly bootId: BootId;
  readonly generation: number;
  /** Canonical JSON; its SHA-256 is what the guest's report must show as HOST_DATA. */
  readonly bootSpec: string;
  readonly bootDigest: string;
  /** Rises with every boot image of the network: a lower one than last time is older. */
  readonly bootRevision: number;
  readonly kernelSha256: string;
  readonly initrdSha256: string;
  readonly baseRootHash: string;
  readonly cmdline: string;
  /** Any of these is what was asked for: one for each firmware, processor and accelerator its miner may start it with. */
  readonly launchDigests: readonly string[];
};

/** What happens to a VM whose disk nobody but its guest can read. */
export type VmSealedEvent =
  | { readonly type: 'VmVolumeChosen'; readonly integrity: VolumeIntegrity }
  | ({
      readonly type: 'VmBootSpecified';
      /** It starts something older than the last boot that was confirmed: its key waits for its owner's word. */
      readonly consentNeeded: boolean;
    } & BootSpecification)
  | {
      readonly type: 'VmKeyAwaited';
      readonly bootId: BootId;
      readonly awaitedSince: UnixMs;
      readonly deadlineAt: UnixMs;
    }
  | {
      readonly type: 'VmKeyReleased';
      readonly bootId: BootId;
      readonly generation: number;
      readonly minerId: MinerId;
      readonly guestKeySha256: string;
      readonly suite: KeySuite;
      readonly appraisalId: string;
      readonly appraisedAt: UnixMs;
      readonly mode: UnlockMode;
      /** The header that the guest must find; none before the first one is confirmed. */
      readonly headerSha256: string | null;
      /** What the guest writes into the volume as the number of this opening, which no other release gives; none in
       *  releases of before there were such numbers, whose guests counted by themselves (ADR-0049). */
      readonly counter: number | null;
      readonly keyVersion: number;
      readonly releasedAt: UnixMs;
      /** By when it shall be up. */
      readonly deadlineAt: UnixMs;
    }
  /** With the key of the disk the same guest key got that of the private image it is filled from. */
  | {
      readonly type: 'VmImageKeyReleased';
      readonly bootId: BootId;
      readonly guestKeySha256: string;
      readonly imageDigest: ImageDigest;
      readonly keyVersion: number;
    }
  | {
      readonly type: 'VmBootConfirmed';
      readonly bootId: BootId;
      readonly generation: number;
      readonly minerId: MinerId;
      readonly appraisalId: string;
      readonly headerSha256: string;
      readonly counter: number;
      readonly sshHostKey: string;
    }
  /** The volume was last opened before the boot that was confirmed last, or by none that was given a key: it may be an older copy. */
  | {
      readonly type: 'VmRollbackSuspected';
      readonly bootId: BootId;
      readonly counter: number;
      readonly expectedAbove: number;
    }
  | {
      readonly type: 'VmConsentGiven';
      readonly kind: ConsentKind;
      readonly bootId: BootId;
      /** For a rollback, the value that is allowed, with higher ones of the same boot. */
      readonly counter: number | null;
    }
  | { readonly type: 'VmKeyDestroyed'; readonly keyVersion: number };
