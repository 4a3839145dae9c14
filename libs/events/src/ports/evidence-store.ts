/**
 * Evidence as it came, so that it can be judged again. Content-addressed: the key is the SHA-256 of the bytes, and what is
 * read back is checked against it. Kept encrypted, for a stated time.
 */
export type EvidenceStore = {
  /** Keeps bytes; resolves to their SHA-256 in hex once they are durable. The same bytes again do no harm. Rejects with {@link EvidenceUnavailable}. */
  put(bytes: Uint8Array): Promise<string>;
  /** The bytes, or `null` when they were never kept or their time is over. Rejects with {@link EvidenceUnavailable} when they cannot be read or are not what they were. */
  get(sha256: string): Promise<Uint8Array | null>;
  /** Removes files of which all was put before then, so that a piece may stay a day longer; how many files. */
  dropOlder(than: number): Promise<number>;
};

/** The store of evidence cannot be read or written, and why. */
export class EvidenceUnavailable extends Error {
  override readonly name = 'EvidenceUnavailable';
}
