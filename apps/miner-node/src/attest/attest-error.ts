import { failureOf } from '../failure.ts';

export type AttestErrorCode =
  | 'hccam-ended'
  | 'hccam-silent'
  | 'hccam-misbehaved'
  | 'guest-stopped'
  | 'guest-refused'
  | 'list-changed';

/** Why a round of attestation came to nothing. The message says what was observed and what to do. */
export class AttestError extends Error {
  override readonly name = 'AttestError';
  readonly code: AttestErrorCode;

  constructor(code: AttestErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** A failure in the form a guest takes: a kebab-case code and a bounded sentence. Pure. */
export const wordsOf = (error: unknown): { readonly code: string; readonly words: string } => {
  const { code, detail } = failureOf(error, 'host-failed');
  const kebab = code.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return { code: kebab.slice(0, 64) || 'host-failed', words: detail.slice(0, 900) || 'no words' };
};
