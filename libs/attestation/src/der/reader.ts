import { Malformed } from '../malformed.ts';
import { depthMax } from './limits.ts';
import { readObjectIdentifier } from './object-identifier.ts';
import { type DerElement, derTags } from './tags.ts';
import { readText } from './text.ts';
import { readTime } from './time.ts';

/**
 * Reads DER element by element, and refuses what is not DER: indefinite or padded lengths, tags of more than one byte,
 * numbers with needless leading bytes, bytes after the end. What it hands out are views, so that nothing grows with a length field.
 * `explicit(n)` and `sequence()` step inside; callers say `end()` when they have read what they know.
 */
export class DerReader {
  #at = 0;

  readonly bytes: Uint8Array;
  readonly depth: number;
  readonly #name: string;
  readonly #outside: DerReader | undefined;

  constructor(bytes: Uint8Array, name: string, depth = 0, outside?: DerReader) {
    this.#name = name;
    this.#outside = outside;
    this.depth = depth;
    // Views of a Buffer are Buffers, which cost several times as much to make.
    this.bytes = Buffer.isBuffer(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes;
    if (depth > depthMax) throw new Malformed('not-der', this.what, `${depth} levels deep`, `at most ${depthMax}`);
  }

  /** The structure's name, for errors: made where there is one. */
  get what(): string {
    return this.#outside === undefined ? this.#name : `${this.#outside.what}.${this.#name}`;
  }

  get left(): number {
    return this.bytes.length - this.#at;
  }

  /** The tag of the next element, or undefined at the end. */
  get nextTag(): number | undefined {
    return this.bytes[this.#at];
  }

  element(field: string): DerElement {
    const from = this.#at;
    const tag = this.#byte(field);
    const content = this.#rest(tag, from, field);
    return { tag, content, raw: this.bytes.subarray(from, this.#at) };
  }

  tagged(tag: number, field: string): DerElement {
    this.#expect(tag, field);
    return this.element(field);
  }

  sequence(field: string): DerReader {
    return this.#inside(derTags.sequence, field);
  }

  set(field: string): DerReader {
    return this.#inside(derTags.set, field);
  }

  /** What is wrapped in context tag `[number]`, constructed; refused when it is not next. */
  explicit(number: number, field: string): DerReader {
    return this.#inside(0xa0 | number, field);
  }

  hasExplicit(number: number): boolean {
    return this.nextTag === (0xa0 | number);
  }

  /** The bytes of a number as they are signed: two's complement, shortest form. */
  integerBytes(field: string): Uint8Array {
    const content = this.#content(derTags.integer, field);
    const [first, second] = content;
    if (first === undefined) throw this.#refused(field, 'a number without bytes', 'at least one byte');
    const padded = second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
    if (padded) throw this.#refused(field, 'a number with a needless leading byte', 'the shortest form');
    return content;
  }

  /** A number from 0 to 2^31 - 1. */
  natural(field: string): number {
    const content = this.integerBytes(field);
    const negative = (content[0] ?? 0) >= 0x80;
    if (negative || content.length > 4) throw this.#refused(field, 'a negative or huge number', '0 to 2147483647');
    return content.reduce((value, byte) => value * 256 + byte, 0);
  }

  objectIdentifier(field: string): string {
    return readObjectIdentifier(this.#content(derTags.objectIdentifier, field), () => `${this.what}.${field}`);
  }

  octetString(field: string): Uint8Array {
    return this.#content(derTags.octetString, field);
  }

  /** A bit string of whole bytes, as keys and signatures are. */
  bitString(field: string): Uint8Array {
    const { unusedBits, bytes } = this.bits(field);
    if (unusedBits !== 0) throw this.#refused(field, `${unusedBits} unused bits`, 'whole bytes');
    return bytes;
  }

  bits(field: string): { readonly unusedBits: number; readonly bytes: Uint8Array } {
    const content = this.#content(derTags.bitString, field);
    const unusedBits = content[0] ?? 8;
    const bytes = content.subarray(1);
    const tail = bytes.at(-1) ?? 0;
    const wrong = unusedBits > 7 || (bytes.length === 0 && unusedBits > 0) || (tail & ((1 << unusedBits) - 1)) !== 0;
    if (wrong) throw this.#refused(field, 'unused bits that are set or too many', 'unused bits of zero');
    return { unusedBits, bytes };
  }

  boolean(field: string): boolean {
    const content = this.#content(derTags.boolean, field);
    if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) {
      throw this.#refused(field, `boolean ${Buffer.from(content).toString('hex')}`, '00 or ff');
    }
    return content[0] === 0xff;
  }

  nothing(field: string): void {
    if (this.#content(derTags.nothing, field).length > 0) throw this.#refused(field, 'a NULL with content', 'NULL');
  }

  /** UTCTime or GeneralizedTime, in milliseconds since 1970. */
  timeMs(field: string): number {
    const generalized = this.nextTag === derTags.generalizedTime;
    const content = this.#content(generalized ? derTags.generalizedTime : derTags.utcTime, field);
    return readTime(Buffer.from(content).toString('latin1'), generalized, `${this.what}.${field}`);
  }

  /** A UTF-8, printable or IA5 string. */
  string(field: string): string {
    return readText(this.element(field), `${this.what}.${field}`);
  }

  /** Refuses bytes after the last field. */
  end(): void {
    if (this.left > 0) {
      throw new Malformed('trailing-bytes', this.what, `${this.left} bytes more`, 'the end of the structure', this.#at);
    }
  }

  #inside(tag: number, field: string): DerReader {
    return new DerReader(this.#content(tag, field), field, this.depth + 1, this);
  }

  #expect(tag: number, field: string): void {
    const seen = this.nextTag;
    if (seen === tag) return;
    const observed = seen === undefined ? 'the end' : `tag ${seen.toString(16)}`;
    throw this.#refused(field, observed, `tag ${tag.toString(16)}`);
  }

  #content(tag: number, field: string): Uint8Array {
    this.#expect(tag, field);
    const from = this.#at;
    this.#at += 1;
    return this.#rest(tag, from, field);
  }

  /** What follows the tag at `from`: a length, and so many bytes. */
  #rest(tag: number, from: number, field: string): Uint8Array {
    if ((tag & 0x1f) === 0x1f) throw this.#refused(field, 'a tag of several bytes', 'a tag of one byte');
    const length = this.#length(field);
    if (length > this.left) {
      throw new Malformed('truncated', `${this.what}.${field}`, `${this.left} bytes`, `${length} bytes`, from);
    }
    const start = this.#at;
    this.#at += length;
    return this.bytes.subarray(start, this.#at);
  }

  #byte(field: string): number {
    const byte = this.bytes[this.#at];
    if (byte === undefined) throw new Malformed('truncated', `${this.what}.${field}`, 'the end', 'a byte', this.#at);
    this.#at += 1;
    return byte;
  }

  /** The shortest form only, four bytes of it at most. */
  #length(field: string): number {
    const first = this.#byte(field);
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0 || count > 4) throw this.#refused(field, `a length of ${count} bytes`, 'one to four');
    let length = 0;
    for (let n = 0; n < count; n += 1) length = length * 256 + this.#byte(field);
    if (length < 0x80 || length < 256 ** (count - 1))
      throw this.#refused(field, 'a padded length', 'the shortest form');
    return length;
  }

  #refused(field: string, observed: string, wanted: string): Malformed {
    return new Malformed('not-der', `${this.what}.${field}`, observed, wanted, this.#at);
  }
}
