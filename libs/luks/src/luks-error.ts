/** Why a header is not taken. */
export type HeaderRefusalCode =
  | 'header-truncated'
  | 'not-luks'
  | 'luks-version'
  | 'header-size'
  | 'header-field'
  | 'checksum-algorithm'
  | 'header-checksum'
  | 'header-copies-differ'
  | 'json-malformed'
  | 'metadata-form'
  | 'requirements-present'
  | 'flags-present'
  | 'tokens-present'
  | 'reencryption'
  | 'keyslot-count'
  | 'keyslot-form'
  | 'keyslot-cipher'
  | 'keyslot-kdf'
  | 'keyslot-kdf-bounds'
  | 'keyslot-area'
  | 'segment-count'
  | 'segment-form'
  | 'segment-cipher'
  | 'segment-integrity'
  | 'segment-place'
  | 'digest-count'
  | 'digest-form';

export type LuksErrorCode =
  | HeaderRefusalCode
  | 'key-wrong'
  | 'passphrase-form'
  | 'volume-key-form'
  | 'range-outside'
  | 'source-empty'
  | 'source-unaligned'
  | 'source-length'
  | 'target-exists'
  | 'target-busy'
  | 'disk-full'
  | 'stopped';

/** A failure about a LUKS2 volume: what was observed and what was wanted. Never holds a key or a byte derived from one. */
export class LuksError<Code extends LuksErrorCode = LuksErrorCode> extends Error {
  override readonly name = 'LuksError';
  readonly code: Code;
  readonly observed: string;
  readonly wanted: string;

  constructor(code: Code, message: string, observed: string, wanted: string) {
    super(message);
    this.code = code;
    this.observed = observed;
    this.wanted = wanted;
  }
}

/** True when `error` is a LuksError, of the given code when one is given. */
export const isLuksError = (error: unknown, code?: LuksErrorCode): error is LuksError =>
  error instanceof LuksError && (code === undefined || error.code === code);
