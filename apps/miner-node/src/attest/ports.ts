import type { GuestEvidence, HostQuote } from '#guest-channel';

/** A file of the miner's own program, by its path on this host. */
export type BundleFile = { readonly path: string; readonly sha256: string };

/** What the guest asks of its host: a quote over its nonce, and the measurement list. */
export type HostMeasurements = {
  quote(qualifyingData: Uint8Array): Promise<HostQuote>;
  /** The kernel's binary form, from an entry on; bytes of any size at a time. It only grows while this program runs. */
  list(from: number): AsyncIterable<Uint8Array>;
};

/** One round, as the verifier's challenge and this host want it. */
export type RoundTerms = {
  readonly nonce: string;
  readonly nonceExpiresAt: number;
  readonly imaFrom: number;
  /** Release of the miner's program. */
  readonly agentVersion: string;
  readonly bundle: readonly BundleFile[];
};

/** What a round of the guest came to, with the quote it was made over. */
export type RoundResult = { readonly evidence: GuestEvidence; readonly quote: HostQuote };

/** What answers a guest that asks its processor for reports; base64 everywhere. */
export type ReportSigner = (reportData: Uint8Array) => {
  readonly report: Uint8Array;
  readonly certificates: { readonly vek: string; readonly ask: string; readonly ark: string };
};
