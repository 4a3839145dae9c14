import type { SnpEndorsements } from './certificate-verdict.ts';

/** What was concluded of endorsements, by their very bytes. */
export interface Memory<T> {
  /** What is kept, with the bytes it was concluded of. */
  readonly find: (words: string, endorsements: SnpEndorsements) => Remembered<T> | undefined;
  /** Keeps a conclusion with bytes that nobody else can write to. */
  readonly keep: (words: string, remembered: Remembered<T>) => void;
  readonly size: () => number;
}

export type Remembered<T> = { readonly value: T; readonly own: SnpEndorsements };

type Kept<T> = Remembered<T> & { readonly words: string };

const tailBytes = 16;

/**
 * A memory of as many as `most`; the least recently used is forgotten. Entries are found by a number made of last bytes,
 * which are of signatures, and then compared byte by byte: a digest over the same bytes would take ten times as long.
 */
export const createMemory = <T>(most: number): Memory<T> => {
  const kept = new Map<number, Kept<T>>();
  return {
    find: (words, endorsements) => {
      const key = keyOf(endorsements);
      const found = kept.get(key);
      if (found === undefined || found.words !== words || !isSame(found.own, endorsements)) return undefined;
      kept.delete(key);
      kept.set(key, found);
      return found;
    },
    keep: (words, { value, own }) => {
      const key = keyOf(own);
      kept.delete(key);
      kept.set(key, { value, words, own });
      const oldest = kept.keys().next();
      if (kept.size > most && oldest.done !== true) kept.delete(oldest.value);
    },
    size: () => kept.size,
  };
};

const keyOf = ({ vek, chain, crl }: SnpEndorsements): number => {
  let key = mixed(0, vek);
  for (const certificate of chain) key = mixed(key, certificate);
  return crl === null ? key : mixed(key, crl);
};

/** Two that come to the same number push each other out, which costs them a verification and nothing else. */
const mixed = (key: number, bytes: Uint8Array): number => {
  let mix = key;
  for (let at = Math.max(0, bytes.length - tailBytes); at < bytes.length; at += 1) {
    mix = (Math.imul(mix, 31) + (bytes[at] ?? 0)) | 0;
  }
  return mix;
};

const isSame = (one: SnpEndorsements, other: SnpEndorsements): boolean => {
  if (Buffer.compare(one.vek, other.vek) !== 0 || one.chain.length !== other.chain.length) return false;
  if (one.crl === null || other.crl === null ? one.crl !== other.crl : Buffer.compare(one.crl, other.crl) !== 0) {
    return false;
  }
  return one.chain.every((certificate, n) => Buffer.compare(certificate, other.chain[n] ?? nothing) === 0);
};

const nothing = new Uint8Array();

/** Whoever gave the bytes may write others in their place. One block for all of them: each block has its price. */
export const copied = ({ vek, chain, crl }: SnpEndorsements): SnpEndorsements => {
  let size = vek.length + (crl?.length ?? 0);
  for (const certificate of chain) size += certificate.length;
  const block = new Uint8Array(size);
  let at = 0;
  const copy = (bytes: Uint8Array): Uint8Array => {
    block.set(bytes, at);
    at += bytes.length;
    return block.subarray(at - bytes.length, at);
  };
  return { vek: copy(vek), chain: chain.map(copy), crl: crl === null ? null : copy(crl) };
};
