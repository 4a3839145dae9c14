export type ImageErrorCode =
  | 'image-not-found'
  | 'image-corrupt'
  | 'image-build-failed'
  | 'package-unusable'
  | 'disk-full'
  | 'not-a-disk'
  | 'disk-refers-elsewhere'
  | 'sha256-differs'
  | 'image-too-large'
  | 'fetch-failed'
  | 'source-unknown'
  | 'export-failed';

/** A failure about an image. The message names the file, what was observed, what was wanted and the fix. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
  readonly code: ImageErrorCode;
  readonly facts: Readonly<Record<string, string | number>>;

  constructor(code: ImageErrorCode, message: string, facts: Readonly<Record<string, string | number>> = {}) {
    super(message);
    this.code = code;
    this.facts = facts;
  }
}

/** True when `error` is an ImageError, of the given code when one is given. */
export function isImageError(error: unknown, code?: ImageErrorCode): error is ImageError {
  return error instanceof ImageError && (code === undefined || error.code === code);
}
