/** What a statement rests on: a processor's signature, the network key alone, or nobody. */
export type Ground = 'processor' | 'network' | 'nobody';

/**
 * One thing that was looked at. `simulated` holds, and rests on a processor in software: nothing of it is confidential.
 * `unchecked` is what this passport has no means to show, and says why.
 */
export type PassportCheck = {
  /** Kebab-case and stable. */
  readonly code: string;
  /** An event, a boot, a verdict, or the document. */
  readonly about: string;
  readonly outcome: 'pass' | 'simulated' | 'fail' | 'unchecked';
  readonly detail: string;
  readonly restsOn: Ground;
};

/** A check by the network's word: it passes, or fails with what was seen in place of what is wanted. */
export const byNetwork = (code: string, about: string, wrong: string | null, detail: string): PassportCheck => ({
  ...{ code, about, restsOn: 'network' },
  ...(wrong === null ? { outcome: 'pass', detail } : { outcome: 'fail', detail: wrong }),
});

/** A check that a processor vouches for, genuine or simulated. */
export const byProcessor = (
  code: string,
  about: string,
  wrong: string | null,
  { detail, simulated }: { readonly detail: string; readonly simulated: boolean },
): PassportCheck => ({
  ...{ code, about, restsOn: 'processor' },
  ...(wrong === null ? { outcome: simulated ? 'simulated' : 'pass', detail } : { outcome: 'fail', detail: wrong }),
});

export const unchecked = (code: string, about: string, detail: string, restsOn: Ground = 'nobody'): PassportCheck => ({
  ...{ code, about, outcome: 'unchecked', detail, restsOn },
});

/** The first of several reasons why not; null when there is none. */
export const firstOf = (...reasons: readonly (string | false | null)[]): string | null => {
  for (const reason of reasons) if (reason !== false && reason !== null) return reason;
  return null;
};

/** Bytes as people say them, in whole MiB where they are. */
export const mebibytes = (bytes: number): string => `${Math.round((bytes / 1024 ** 2) * 10) / 10} MiB`;

/** As people see ids elsewhere. */
export const short = (id: string): string => id.slice(0, 8);
