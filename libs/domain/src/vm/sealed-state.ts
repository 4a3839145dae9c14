import type { UnixMs } from '../values/time.ts';
import type { BootSpecification, KeySuite, UnlockMode, VolumeIntegrity } from './sealed-events.ts';

/** What is known of a volume, and outlives every boot. */
export type Volume = {
  readonly integrity: VolumeIntegrity;
  /** The LUKS2 header that was confirmed last; none before the first boot is. */
  readonly headerSha256: string | null;
  /** The number of the opening that was confirmed last. A volume that was last opened before that is an older copy. */
  readonly counter: number;
  /** The highest number that any copy of it may have: each release of its key is one opening of one copy. */
  readonly highest: number;
  /** What the last confirmed boot was started with: what is older needs its owner's word. */
  readonly confirmed: {
    readonly bootRevision: number;
    readonly bootDigest: string;
    readonly cmdline: string;
  } | null;
  readonly keyDestroyed: boolean;
};

/** The present boot of a sealed VM: what it may start, who got its key, what its guest said of itself. */
export type SealedBoot = {
  readonly specified: BootSpecification & { readonly consentNeeded: boolean };
  /** Since when its guest has waited for the key; `null` until its miner has started it. */
  readonly awaitedSince: UnixMs | null;
  readonly launchConsent: boolean;
  readonly released: {
    readonly guestKeySha256: string;
    readonly suite: KeySuite;
    readonly appraisalId: string;
    readonly mode: UnlockMode;
    readonly headerSha256: string | null;
    readonly counter: number | null;
    readonly keyVersion: number;
    readonly releasedAt: UnixMs;
  } | null;
  /** The last number that was refused; `consented` once its owner allowed it: that one, and higher ones of the same boot. */
  readonly rollback: { readonly counter: number; readonly expectedAbove: number; readonly consented: boolean } | null;
  readonly confirmed: {
    readonly appraisalId: string;
    readonly headerSha256: string;
    readonly counter: number;
    readonly sshHostKey: string;
  } | null;
};

type Unlocking = { readonly sealedBoot: SealedBoot | null };

/** Whether the key waits for its owner's word, because something older than last time is started. */
export const needsConsent = ({ sealedBoot }: Unlocking): boolean =>
  sealedBoot?.specified.consentNeeded === true && !sealedBoot.launchConsent;

/** Whether the guest waits for its owner's word, because its volume may be an older copy. */
export const isOlderVolume = ({ sealedBoot }: Unlocking): boolean =>
  sealedBoot?.confirmed === null && sealedBoot.rollback?.consented === false;

/** What a volume says of itself that is not taken without its owner's word. */
export const sayOlder = ({ counter, expectedAbove }: { readonly counter: number; readonly expectedAbove: number }) =>
  `opened ${counter} times, and ${counter > expectedAbove ? 'its key was never released for that' : `more than ${expectedAbove} is wanted`}`;
