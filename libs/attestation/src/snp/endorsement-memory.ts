import type { SnpEndorsements } from './certificate-verdict.ts';

/** What was concluded of endorsements, by their very bytes. */
export interface Memory<T> {
  /** What is remembered, or what `make` concludes of a copy that is the memory's own. */
  readonly of: (words: string, endorsements: SnpEndorsements, make: (own: SnpEndorsements) => T) => T;
  readonly size: () => number;
}

type Kept<T> = { readonly value: T; readonly own: SnpEndorsements };

const tailBytes = 16;

/**
 * A memory of as many as `most`; the least recently used is forgotten. Entries are found by words, lengths and last bytes, which
 * are of signatures, and then compared byte by byte: a digest over the same bytes would take ten times as long.
 */
export const createMemory = <T>(most: number, isKept: (value: T) => boolean): Memory<T> => {
  const kept = new Map<string, Kept<T>>();
  return {
    of: (words, endorsements, make) => {
      const key = keyOf(words, endorsements);
      const found = kept.get(key);
      if (found !== undefined && isSame(found.own, endorsements)) {
        kept.delete(key);
        kept.set(key, found);
        return found.value;
      }
      const own = copied(endorsements);
      const value = make(own);
      if (!isKept(value)) return value;
      kept.delete(key);
      kept.set(key, { value, own });
      const oldest = kept.keys().next();
      if (kept.size > most && oldest.done !== true) kept.delete(oldest.value);
      return value;
    },
    size: () => kept.size,
  };
};

const keyOf = (words: string, { vek, chain, crl }: SnpEndorsements): string => {
  let key = `${words} ${tailOf(vek)}`;
  for (const certificate of chain) key += tailOf(certificate);
  return crl === null ? key : `${key} ${tailOf(crl)}`;
};

const tailOf = (bytes: Uint8Array): string => {
  const from = Math.max(0, bytes.length - tailBytes);
  return `${bytes.length}:${Buffer.from(bytes.buffer, bytes.byteOffset + from, bytes.length - from).toString('latin1')}`;
};

const isSame = (one: SnpEndorsements, other: SnpEndorsements): boolean => {
  if (Buffer.compare(one.vek, other.vek) !== 0 || one.chain.length !== other.chain.length) return false;
  if (one.crl === null || other.crl === null ? one.crl !== other.crl : Buffer.compare(one.crl, other.crl) !== 0) {
    return false;
  }
  return one.chain.every((certificate, n) => Buffer.compare(certificate, other.chain[n] ?? nothing) === 0);
};

const nothing = new Uint8Array();

/** Whoever gave the bytes may write others in their place. */
const copied = ({ vek, chain, crl }: SnpEndorsements): SnpEndorsements => ({
  vek: new Uint8Array(vek),
  chain: chain.map((certificate) => new Uint8Array(certificate)),
  crl: crl === null ? null : new Uint8Array(crl),
});
