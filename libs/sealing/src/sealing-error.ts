/** Every way a signed message, a sealed release or a key of either can be wrong. */
export type SealingErrorCode =
  /** Not the one text that such a message has: no JSON, another field, another order, a value out of bounds. */
  | 'message-malformed'
  /** The network did not sign this. */
  | 'message-signature'
  /** The network signed it for something else; the error names the field. */
  | 'message-other'
  | 'network-key-malformed'
  | 'guest-key-malformed'
  | 'suite-unknown'
  /** No post-quantum part, and nobody allowed that. */
  | 'suite-classical'
  /** The sealed part does not open with this guest's key and these terms. */
  | 'release-unopened'
  /** What is, or would be, inside the sealed part is not what a release holds. */
  | 'release-malformed'
  /** What a vault announced is no public key of its suite. */
  | 'vault-key-malformed'
  /** Sealed to another key than this vault's: of before it was made anew, or of another vault. */
  | 'sealed-to-other'
  /** The key of an image is not 64 bytes. */
  | 'sealed-length'
  /** The key of an image does not open: changed, or of another image, account or network. */
  | 'sealed-unopened';

/** Something sealed or signed is not as wanted. The message names what was observed; it never holds a secret. */
export class SealingError extends Error {
  override readonly name = 'SealingError';
  readonly code: SealingErrorCode;

  constructor(code: SealingErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
