/** The hashes of TPM banks and of measurement lists. */
export type ImaBank = 'sha1' | 'sha256' | 'sha384' | 'sha512';

export type ImaTemplate = 'ima' | 'ima-ng' | 'ima-sig' | 'ima-buf';

/** How a measurement list is written: text as in `ascii_runtime_measurements`, or binary in one of both byte orders. */
export type ImaForm = 'ascii' | 'binary-little-endian' | 'binary-big-endian';

/** What an entry's signature says. `unknown-key` is one by a key that was not given; it says nothing either way. */
export type ImaSignature = 'none' | 'good' | 'bad' | 'malformed' | 'unknown-key';

/** Why a policy lets an entry be or not. Those from `violation` on do not let it. */
export type ImaReason =
  | 'excluded'
  | 'signature'
  | 'allow-list'
  | 'keyring'
  | 'boot-aggregate'
  | 'violation'
  | 'rejected'
  | 'bad-signature'
  | 'digest-not-allowed'
  | 'buffer-not-allowed'
  | 'unknown-file';

export type ImaEntryVerdict = { readonly outcome: 'accepted' | 'warned' | 'refused'; readonly reason: ImaReason };

/** An entry worth naming: one of many, kept up to a limit. */
export interface ImaFinding {
  /** Index in the whole list, from 0, also where only its newest entries were sent. */
  readonly index: number;
  readonly path: string;
  /** `sha256:` and hex: the digest of the file, or of the buffer. */
  readonly digest: string;
  readonly reason: ImaReason;
  /** False for an entry after the quoted prefix: no TPM vouches for it yet. */
  readonly attested: boolean;
}

/** Findings of one kind: the first ones are kept, all are counted. */
export interface ImaFindings {
  readonly count: number;
  readonly first: readonly ImaFinding[];
}

/** PCR 10 by bank after some number of entries, lower-case hex. It is a hash chain over the list, and so its digest. */
export type ImaReplay = { readonly [bank in ImaBank]?: string | undefined };

/** A key that the list itself says was loaded on a keyring the policy trusts. */
export interface ImaLoadedKey {
  readonly keyring: string;
  /** Index of the ima-buf entry that loaded it. */
  readonly index: number;
  /** The certificate, DER in base64, as the kernel measured it. */
  readonly certificate: string;
}

/**
 * What a verifier remembers of a list between two quotes of one boot. Only entries from `attested.entries` on need to be
 * sent in the next round. Both replay states are hash chains over the list, and so digests of what was read: a list that
 * was changed below either of them is found out. Plain data.
 */
export interface ImaProgress {
  readonly version: 1;
  /** Whether PCR 10 of each bank but the list's own was extended with the bank's own hash, or with a padded SHA-1. */
  readonly extension: ImaExtension;
  /** As far as the last quote reached. */
  readonly attested: { readonly entries: number; readonly replay: ImaReplay };
  /** As far as the list was read: the next quote is younger than these entries, so it must reach as far. */
  readonly seen: { readonly entries: number; readonly replay: ImaReplay };
  /** From attested entries only. */
  readonly loadedKeys: readonly ImaLoadedKey[];
}

/** Kernels before 5.8 extended every bank with the SHA-1 template hash, padded with zeros. */
export type ImaExtension = 'per-bank' | 'padded-sha1';

/**
 * What a violation extended: a digest of ones in each bank; or the 20 ones of a SHA-1, padded with zeros, as kernels before
 * 5.8 did. Where no violation comes before the quote, both are the same and the first is said.
 */
export type ImaViolations = 'all-ones' | 'padded-sha1';

/** What is true of a measurement list that verified. Plain data: it is stored and shown as it is. */
export interface ImaClaims {
  readonly kind: 'ima-list';
  readonly form: ImaForm;
  /** Hash of the list's own template hashes, and whether a big-endian host hashed lengths as it writes them. */
  readonly listBank: ImaBank;
  readonly hashedAs: 'as-written' | 'little-endian';
  /** Entries of the whole list, those of earlier rounds included. */
  readonly entries: number;
  /** Index of the first entry that was sent this time. */
  readonly firstEntry: number;
  /** Entries sent this time, by template. */
  readonly templates: Readonly<Partial<Record<ImaTemplate, number>>>;
  /** PCR 10 after the last entry. */
  readonly replay: ImaReplay;
  /** What the quote reached, or `unchecked` where the caller has none and says so. */
  readonly quote:
    | 'unchecked'
    | {
        readonly entries: number;
        readonly banks: readonly ImaBank[];
        readonly extension: ImaExtension;
        readonly violations: ImaViolations;
      };
  /** Entries after the quoted prefix. A gap that grows from round to round is a sign of an attack. */
  readonly notYetAttested: { readonly count: number; readonly firstIndex: number | null };
  readonly bootAggregate: 'unchecked' | 'earlier-round' | 'equal';
  readonly signatures: Readonly<Record<ImaSignature, number>>;
  /** Of entries sent this time: files that changed while they were read, or were open for writing. */
  readonly violations: ImaFindings;
  /** What the policy says, or `unchecked` where there is none. */
  readonly verdicts:
    | 'unchecked'
    | {
        readonly accepted: number;
        readonly byReason: Readonly<Partial<Record<ImaReason, number>>>;
        readonly warned: ImaFindings;
        readonly refused: ImaFindings;
      };
  /** For the next round; null without a quote. */
  readonly progress: ImaProgress | null;
}
