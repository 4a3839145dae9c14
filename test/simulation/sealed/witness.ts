import type { GuestTerms, Tier } from '#attestation';

/** A verdict that an attestor has sealed, with what it is about. */
export type Appraised = GuestTerms & { readonly appraisalId: string; readonly vmId: string; readonly tier: Tier };

/** A guest that a simulated processor runs, as what it was started with says. */
export type RealGuest = { readonly vmId: string; readonly bootId: string; readonly minerId: string };

/** Sees what is in no log, and holds it against the log once that was read up to then. */
export type Witness = {
  appraised(verdict: Appraised): void;
  /** A guest with the right launch, on a processor that signs for it, has made its key. */
  keyMade(guestKeySha256: string, guest: RealGuest): void;
  /** Somebody has a volume key. */
  keyOpened(guestKeySha256: string, of: { readonly vmId: string; readonly bootId: string }): void;
  /** A guest runs the system in its volume. */
  wentOn(bootId: string, found: FoundInside): void;
  /** The vault has overwritten a key. */
  keyDestroyed(vmId: string): void;
};

/** What a guest found in its volume, and what only the model knows: which boots had opened it before. */
export type FoundInside = {
  readonly vmId: string;
  readonly counter: number;
  readonly sshHostKey: string;
  readonly openedBy: readonly string[];
};
