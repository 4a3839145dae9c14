import { DerCursor } from './cursor.ts';
import { knownObjectIdentifier, readObjectIdentifier } from './object-identifier.ts';
import { derTags } from './tags.ts';
import { readText } from './text.ts';
import { readTime } from './time.ts';

/**
 * Reads DER element by element, and refuses what is not DER: indefinite or padded lengths, tags of more than one byte,
 * numbers with needless leading bytes, bytes after the end. What it hands out are views, so that nothing grows with a length
 * field. `explicit(n)` and `sequence()` step inside, over the same bytes; callers say `end()` when they have read what they know.
 */
export class DerReader extends DerCursor {
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

  /** The bytes of a number as they are signed: two's complement, shortest form. */
  integerBytes(field: string): Uint8Array {
    const from = this.#integer(field);
    return this.bytes.subarray(from, this.at);
  }

  /** A number from 0 to 2^31 - 1. */
  natural(field: string): number {
    const from = this.#integer(field);
    const negative = (this.bytes[from] ?? 0) >= 0x80;
    if (negative || this.at - from > 4) throw this.refused(field, 'a negative or huge number', '0 to 2147483647');
    let value = 0;
    for (let at = from; at < this.at; at += 1) value = value * 256 + (this.bytes[at] ?? 0);
    return value;
  }

  objectIdentifier(field: string): string {
    const from = this.take(derTags.objectIdentifier, field);
    const known = knownObjectIdentifier(this.bytes, from, this.at);
    return known ?? readObjectIdentifier(this.bytes.subarray(from, this.at), () => `${this.what}.${field}`);
  }

  octetString(field: string): Uint8Array {
    const from = this.take(derTags.octetString, field);
    return this.bytes.subarray(from, this.at);
  }

  /** A bit string of whole bytes, as keys and signatures are. */
  bitString(field: string): Uint8Array {
    const from = this.#bits(field);
    const unusedBits = this.bytes[from - 1];
    if (unusedBits !== 0) throw this.refused(field, `${unusedBits} unused bits`, 'whole bytes');
    return this.bytes.subarray(from, this.at);
  }

  /** The bytes of a bit string; those that are unused are zero. */
  bits(field: string): Uint8Array {
    const from = this.#bits(field);
    return this.bytes.subarray(from, this.at);
  }

  boolean(field: string): boolean {
    const from = this.take(derTags.boolean, field);
    const value = this.bytes[from];
    if (this.at - from !== 1 || (value !== 0 && value !== 0xff)) {
      const seen = Buffer.from(this.bytes.subarray(from, this.at)).toString('hex');
      throw this.refused(field, `boolean ${seen}`, '00 or ff');
    }
    return value === 0xff;
  }

  nothing(field: string): void {
    const from = this.take(derTags.nothing, field);
    if (this.at > from) throw this.refused(field, 'a NULL with content', 'NULL');
  }

  /** UTCTime or GeneralizedTime, in milliseconds since 1970. */
  timeMs(field: string): number {
    const generalized = this.nextTag === derTags.generalizedTime;
    const from = this.take(generalized ? derTags.generalizedTime : derTags.utcTime, field);
    const timeMs = readTime(this.bytes, from, this.at, generalized);
    if (timeMs !== null) return timeMs;
    const written = Buffer.from(this.bytes.subarray(from, this.at)).toString('latin1');
    throw this.refused(field, JSON.stringify(written), generalized ? 'YYYYMMDDHHMMSSZ' : 'YYMMDDHHMMSSZ');
  }

  /** A UTF-8, printable or IA5 string. */
  string(field: string): string {
    const tag = this.nextTag ?? derTags.utf8String;
    const ascii = tag === derTags.printableString || tag === derTags.ia5String;
    if (!ascii && tag !== derTags.utf8String) throw this.refused(field, `tag ${tag.toString(16)}`, 'a string');
    const from = this.take(tag, field);
    const text = readText(this.bytes.subarray(from, this.at), ascii);
    if (text === null) throw this.refused(field, 'bytes that are none of its kind', ascii ? 'ASCII' : 'UTF-8');
    return text;
  }

  #inside(tag: number, field: string): DerReader {
    const from = this.at;
    const at = this.take(tag, field);
    return new DerReader(this.bytes, field, { of: this, from, at, end: this.at });
  }

  /** Where the digits of the next number begin. */
  #integer(field: string): number {
    const from = this.take(derTags.integer, field);
    if (this.at === from) throw this.refused(field, 'a number without bytes', 'at least one byte');
    const first = this.bytes[from] ?? 0;
    const second = this.bytes[from + 1] ?? 0;
    const padded = this.at - from > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
    if (padded) throw this.refused(field, 'a number with a needless leading byte', 'the shortest form');
    return from;
  }

  /** Where the bytes of the next bit string begin, behind the one that counts its unused bits. */
  #bits(field: string): number {
    const from = this.take(derTags.bitString, field);
    const unusedBits = this.at > from ? (this.bytes[from] ?? 8) : 8;
    const isEmpty = this.at <= from + 1;
    const tail = isEmpty ? 0 : (this.bytes[this.at - 1] ?? 0);
    const wrong = unusedBits > 7 || (isEmpty && unusedBits > 0) || (tail & ((1 << unusedBits) - 1)) !== 0;
    if (wrong) throw this.refused(field, 'unused bits that are set or too many', 'unused bits of zero');
    return from + 1;
  }
}
