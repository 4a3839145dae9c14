import { Malformed } from '../malformed.ts';
import { depthMax } from './limits.ts';

/** Where the inside of an element stands in the bytes of the cursor outside. */
type Inside = { readonly of: DerCursor; readonly from: number; readonly at: number; readonly end: number };

/**
 * Goes over DER element by element, and refuses lengths that are indefinite, padded or beyond the end, and tags of more than one
 * byte. It makes views for what is kept only: a certificate has some hundred elements, and memory is what reading one costs.
 */
export class DerCursor {
  protected readonly bytes: Uint8Array;
  readonly #name: string;
  readonly #outside: DerCursor | undefined;
  readonly #depth: number;
  /** Where the element begins that this reads the inside of. */
  readonly #from: number;
  readonly #end: number;
  protected at: number;

  constructor(bytes: Uint8Array, name: string, inside?: Inside) {
    // Views of a Buffer are Buffers, which cost several times as much to make.
    this.bytes = Buffer.isBuffer(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes;
    this.#name = name;
    this.#outside = inside?.of;
    this.#depth = inside === undefined ? 0 : inside.of.#depth + 1;
    this.#from = inside?.from ?? 0;
    this.at = inside?.at ?? 0;
    this.#end = inside?.end ?? bytes.length;
    if (this.#depth > depthMax) {
      throw new Malformed('not-der', this.what, `${this.#depth} levels deep`, `at most ${depthMax}`);
    }
  }

  /** The structure's name, for errors: made where there is one. */
  get what(): string {
    return this.#outside === undefined ? this.#name : `${this.#outside.what}.${this.#name}`;
  }

  /** Tag, length and content of the element that this reads the inside of: what a signature covers. */
  get raw(): Uint8Array {
    return this.bytes.subarray(this.#from, this.#end);
  }

  /** What is not read yet. */
  get rest(): Uint8Array {
    return this.bytes.subarray(this.at, this.#end);
  }

  get left(): number {
    return this.#end - this.at;
  }

  /** The tag of the next element, or undefined at the end. */
  get nextTag(): number | undefined {
    return this.at < this.#end ? this.bytes[this.at] : undefined;
  }

  /** Passes over the next element, whatever it is. */
  skip(field: string): void {
    this.take(this.nextTag ?? this.#byte(field), field);
  }

  hasExplicit(number: number): boolean {
    return this.nextTag === (0xa0 | number);
  }

  /** Refuses bytes after the last field. */
  end(): void {
    if (this.left > 0) {
      throw new Malformed('trailing-bytes', this.what, `${this.left} bytes more`, 'the end of the structure', this.at);
    }
  }

  /** Passes over the next element, which has this tag, and answers where its content begins; that ends where the reader then is. */
  protected take(tag: number, field: string): number {
    const seen = this.nextTag;
    if (seen !== tag) {
      const observed = seen === undefined ? 'the end' : `tag ${seen.toString(16)}`;
      throw this.refused(field, observed, `tag ${tag.toString(16)}`);
    }
    if ((tag & 0x1f) === 0x1f) throw this.refused(field, 'a tag of several bytes', 'a tag of one byte');
    const from = this.at;
    this.at += 1;
    const length = this.#length(field);
    if (length > this.left) {
      throw new Malformed('truncated', `${this.what}.${field}`, `${this.left} bytes`, `${length} bytes`, from);
    }
    const content = this.at;
    this.at += length;
    return content;
  }

  #byte(field: string): number {
    const byte = this.nextTag;
    if (byte === undefined) throw new Malformed('truncated', `${this.what}.${field}`, 'the end', 'a byte', this.at);
    this.at += 1;
    return byte;
  }

  /** The shortest form only, four bytes of it at most. */
  #length(field: string): number {
    const first = this.#byte(field);
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0 || count > 4) throw this.refused(field, `a length of ${count} bytes`, 'one to four');
    let length = 0;
    for (let n = 0; n < count; n += 1) length = length * 256 + this.#byte(field);
    if (length < 0x80 || length < 256 ** (count - 1)) throw this.refused(field, 'a padded length', 'the shortest form');
    return length;
  }

  protected refused(field: string, observed: string, wanted: string): Malformed {
    return new Malformed('not-der', `${this.what}.${field}`, observed, wanted, this.at);
  }
}
