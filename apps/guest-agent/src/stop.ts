/** A reason to end: nothing this machine could say from here on would be worth anything. */
export class Stop extends Error {
  override readonly name = 'Stop';
  /** Kebab-case and stable. */
  readonly code: string;

  constructor(code: string, words: string) {
    super(words);
    this.code = code;
  }
}

/** A reason to answer one round with a refusal: the next one may be better. */
export class Refuse extends Error {
  override readonly name = 'Refuse';
  readonly code: string;

  constructor(code: string, words: string) {
    super(words);
    this.code = code;
  }
}
