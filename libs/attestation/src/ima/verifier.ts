import { Malformed } from '../malformed.ts';
import type { Verified } from '../verdict.ts';
import type { ImaClaims } from './claims.ts';
import { concludeIma } from './conclusion.ts';
import { ListReader } from './list-reader.ts';
import { ImaState } from './state.ts';
import type { ImaReplays, ImaVerification } from './verification.ts';

/** Verifies a list as it comes. Nothing it holds grows with the list. */
export type ImaVerifier = {
  /** Takes more of the list, in pieces of any size. Never throws on evidence: `finish` answers. */
  push(chunk: Uint8Array): void;
  finish(): Verified<ImaClaims>;
  /** PCR 10 as far as the list was read, true or not: what a report shows beside a refusal. */
  replays(): ImaReplays;
};

/**
 * A verifier of one measurement list. For each entry the template hash is recomputed from its data, every bank is extended,
 * signatures are verified and the policy is asked; the first beginning of the list that replays to the quoted PCR 10 is what
 * the quote attests, and what comes after it is reported as not yet attested. Throws only for arguments of our own making.
 */
export const createImaVerifier = (told: ImaVerification): ImaVerifier => {
  const state = new ImaState(told);
  const reader = new ListReader(told, told.firstEntry, (entry) => state.take(entry));
  const guarded = (work: () => void): void => {
    if (state.malformed !== null || state.startsWrong) return;
    try {
      work();
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      state.malformed = error;
    }
  };
  return {
    push: (chunk) => guarded(() => reader.push(chunk)),
    finish: () => {
      guarded(() => reader.finish());
      return concludeIma(told, state);
    },
    replays: () => state.replays.both,
  };
};

/** {@link createImaVerifier} over bytes that are all there. */
export const verifyImaList = (bytes: Uint8Array, told: ImaVerification): Verified<ImaClaims> => {
  const verifier = createImaVerifier(told);
  verifier.push(bytes);
  return verifier.finish();
};
