import type { Log } from '#edge';
import type { EvidenceStore, JudgedWith } from '#events';

export type ToKeep = {
  readonly document: Uint8Array;
  /** Pieces that the document names. */
  readonly others: readonly Uint8Array[];
  readonly judgedWith: JudgedWith;
};

/**
 * Keeps one attester's evidence and what it is judged with, to be judged again; the SHA-256 of the document, or `null` where a
 * piece could not be kept: it is judged all the same, and the record says that it cannot be judged again. Never rejects.
 */
export type KeepEvidence = (pieces: ToKeep, whose: Readonly<Record<string, string>>) => Promise<string | null>;

export const createKeepEvidence =
  (store: Pick<EvidenceStore, 'put'>, log: Log): KeepEvidence =>
  async ({ document, others, judgedWith }, whose) => {
    try {
      const [sha256] = await Promise.all([store.put(document, judgedWith), ...others.map((piece) => store.put(piece))]);
      return sha256;
    } catch (error) {
      log('error', 'evidence not kept, so this verdict cannot be judged again', { ...whose, reason: String(error) });
      return null;
    }
  };
