/**
 * What a verdict rested on beside its evidence, as it was then: bytes that came from elsewhere, which nobody may have any
 * more when it is judged again.
 */
export type JudgedWith = {
  /** Certificates that were found for it, DER; `null` where those in the evidence were taken. */
  readonly certificates: { readonly vek: Uint8Array; readonly chain: readonly Uint8Array[] } | null;
  /** What the roots had taken back, DER, by product; empty where no list could be had. */
  readonly revocationLists: Readonly<Record<string, Uint8Array>>;
};

/**
 * Evidence as it came, so that it can be judged again. Content-addressed: the key is the SHA-256 of the bytes, and what is
 * read back is checked against it. Kept encrypted, for a stated time.
 */
export type EvidenceStore = {
  /**
   * Keeps bytes, and for as long what they were judged with, each such piece once however much evidence names it; resolves to
   * the SHA-256 of the bytes in hex once all is durable. The same bytes again do no harm: what was noted first stays. Rejects
   * with {@link EvidenceUnavailable}.
   */
  put(bytes: Uint8Array, judgedWith?: JudgedWith): Promise<string>;
  /** The bytes, or `null` when they were never kept or their time is over. Rejects with {@link EvidenceUnavailable} when they cannot be read or are not what they were. */
  get(sha256: string): Promise<Uint8Array | null>;
  /** What evidence was judged with, or `null` when that was not kept with it, as before there were such notes. Rejects as `get`. */
  judgedWith(sha256: string): Promise<JudgedWith | null>;
  /** Removes files of which all was put before then, so that a piece may stay a day longer; how many files. */
  dropOlder(than: number): Promise<number>;
};

/** What judging again needs of it. */
export type KeptEvidence = Pick<EvidenceStore, 'get' | 'judgedWith'>;

/** The store of evidence cannot be read or written, and why. */
export class EvidenceUnavailable extends Error {
  override readonly name = 'EvidenceUnavailable';
}
