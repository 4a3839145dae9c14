import type { Log } from '#edge';
import type { EvidenceStore } from '#events';

/**
 * Keeps the pieces of one attester's evidence, to be judged again; the SHA-256 of the first, or `null` where one of them could
 * not be kept: it is judged all the same, and the record says that it cannot be judged again. Never rejects.
 */
export type KeepEvidence = (
  pieces: readonly [Uint8Array, ...Uint8Array[]],
  whose: Readonly<Record<string, string>>,
) => Promise<string | null>;

export const createKeepEvidence =
  (store: Pick<EvidenceStore, 'put'>, log: Log): KeepEvidence =>
  async ([document, ...others], whose) => {
    try {
      const [sha256] = await Promise.all([store.put(document), ...others.map((piece) => store.put(piece))]);
      return sha256;
    } catch (error) {
      log('error', 'evidence not kept, so this verdict cannot be judged again', { ...whose, reason: String(error) });
      return null;
    }
  };
