import { hash } from 'node:crypto';
import { Malformed, readRevocationList, sayWindow } from '#attestation';

/** A revocation list that can be read; who signed it is for judging to say. */
export type ListHere = {
  readonly bytes: Uint8Array;
  /** By whoever verifies; else it came with the passport, kept when a verdict was made with it. */
  readonly isGiven: boolean;
  readonly thisUpdateMs: number;
  readonly nextUpdateMs: number | null;
  /** Of when it is, and its name. */
  readonly said: string;
};

/** Reads a list; null for what is none. */
export const listHere = (bytes: Uint8Array, isGiven: boolean): ListHere | null => {
  try {
    const { thisUpdateMs, nextUpdateMs } = readRevocationList(bytes);
    const name = hash('sha256', bytes, 'hex').slice(0, 16);
    const said = `${sayWindow(thisUpdateMs, nextUpdateMs)} (SHA-256 ${name})`;
    return { bytes, isGiven, thisUpdateMs, nextUpdateMs, said };
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
};

/** Whether a list speaks for an instant, as it says of itself. */
export const isInForce = ({ thisUpdateMs, nextUpdateMs }: ListHere, atMs: number): boolean =>
  thisUpdateMs <= atMs && nextUpdateMs !== null && atMs <= nextUpdateMs;

/** Lists that are given and lists that were carried, each once, the newest last. */
export const listsHere = (given: readonly Uint8Array[], carried: readonly Uint8Array[]): readonly ListHere[] => {
  // What is given comes last under its name, and counts as given.
  const all = [...carried.map((one) => listHere(one, false)), ...given.map((one) => listHere(one, true))];
  const bySaid = new Map(all.flatMap((one) => (one === null ? [] : [[one.said, one] as const])));
  return [...bySaid.values()].sort((a, b) => a.thisUpdateMs - b.thisUpdateMs);
};
