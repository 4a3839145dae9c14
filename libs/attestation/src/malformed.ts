export type MalformedCode = 'truncated' | 'trailing-bytes' | 'too-large' | 'wrong-value' | 'not-der' | 'unknown-form';

/**
 * Bytes that are not what they claim to be. Thrown by parsers only; every `verify…` and `appraise…` function catches it and
 * answers with a refusal, because evidence is written by the people it is about.
 */
export class Malformed extends Error {
  override readonly name = 'Malformed';

  readonly code: MalformedCode;
  /** The structure and field, as its specification writes it: `TPMS_ATTEST.extraData`. */
  readonly what: string;
  readonly observed: string;
  readonly wanted: string;
  /** Byte offset in the whole input, where that says something. */
  readonly offset: number | undefined;

  constructor(code: MalformedCode, what: string, observed: string, wanted: string, offset?: number) {
    super(`${what}${offset === undefined ? '' : ` at byte ${offset}`} is ${observed}; wanted ${wanted}`);
    this.code = code;
    this.what = what;
    this.observed = observed;
    this.wanted = wanted;
    this.offset = offset;
  }
}
