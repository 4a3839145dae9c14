import type { ImaBank, ImaEntryVerdict, ImaForm, ImaProgress, ImaReplay, ImaSignature, ImaTemplate } from './claims.ts';
import type { CompiledImaPolicy } from './compiled-policy.ts';

/** PCR 10 of one bank out of a quote that verified. */
export type ImaQuotedPcr = { readonly bank: ImaBank; readonly value: string };

/** All that a verifier is told beside the list. Each field is required; what is not looked at is `unchecked` by name. */
export type ImaVerification = {
  readonly form: ImaForm;
  /** Hash of the list's own template hashes: `sha1`, unless it is one of the kernel's `…_sha256` lists. */
  readonly listBank: ImaBank;
  /** What big-endian hosts hash: lengths as they write them, or little-endian ones (ima_canonical_fmt). */
  readonly hashedAs: 'as-written' | 'little-endian';
  /** Banks that are replayed, beside the quoted ones. */
  readonly banks: readonly ImaBank[];
  /** Whether a quoted bank may have been extended with SHA-1 template hashes, padded, as before Linux 5.8. */
  readonly paddedSha1: 'refused' | 'accepted';
  /** PCR 10 as one quote has it, by bank: all of them must be reached by the same beginning of the list. */
  readonly quote: 'unchecked' | readonly ImaQuotedPcr[];
  /** PCRs 0 to 9 by bank, lower-case hex, of the same quote. */
  readonly bootPcrs: 'unchecked' | { readonly [bank in ImaBank]?: readonly string[] };
  readonly policy: CompiledImaPolicy | 'unchecked';
  /** What the last round left, or that there was none since the machine started. */
  readonly progress: ImaProgress | 'first-round';
  /** Index of the first entry of what is pushed: 0, or that of `progress`. */
  readonly firstEntry: number;
  /** Hears of every entry, in order: for a report that shows them all. */
  readonly onEntry?: (entry: ImaJudgedEntry) => void;
};

export type ImaJudgedEntry = {
  readonly index: number;
  /** Before where the quote reaches, if it reaches anywhere: with no quote and after it, nobody vouches for an entry. */
  readonly attested: boolean;
  readonly template: ImaTemplate;
  readonly path: string;
  readonly digest: string;
  readonly templateHash: 'good' | 'bad' | 'violation';
  readonly signature: ImaSignature;
  readonly keyId: string | null;
  readonly verdict: ImaEntryVerdict | 'unchecked';
};

/** PCR 10 by bank, in both ways a kernel may have extended it. */
export type ImaReplays = { readonly perBank: ImaReplay; readonly paddedSha1: ImaReplay };
