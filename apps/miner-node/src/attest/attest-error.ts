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
