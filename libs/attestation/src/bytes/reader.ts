import { Malformed } from '../malformed.ts';

export type Endian = 'little' | 'big';

/** Where the bytes of a number of 64 bits are put in order: a view for each reader would cost more than most of what it reads. */
const eightBytes = new DataView(new ArrayBuffer(8));

/**
 * Reads a structure field by field out of bytes somebody else wrote. Every length is checked against what is left before
 * anything is taken, and what is taken is a view: a reader allocates nothing that grows with a length field.
 */
export class ByteReader {
  #at = 0;

  readonly bytes: Uint8Array;
  /** The structure's name, for errors. */
  readonly what: string;
  readonly endian: Endian;

  constructor(bytes: Uint8Array, what: string, endian: Endian) {
    this.bytes = bytes;
    this.what = what;
    this.endian = endian;
  }

  get offset(): number {
    return this.#at;
  }

  get left(): number {
    return this.bytes.length - this.#at;
  }

  u8(field: string): number {
    return this.bytes[this.#advance(1, field)] ?? 0;
  }

  u16(field: string): number {
    const at = this.#advance(2, field);
    const first = this.bytes[at] ?? 0;
    const second = this.bytes[at + 1] ?? 0;
    return this.endian === 'little' ? first | (second << 8) : (first << 8) | second;
  }

  u32(field: string): number {
    return this.#word(this.#advance(4, field));
  }

  u64(field: string): bigint {
    const at = this.#advance(8, field);
    const isLittle = this.endian === 'little';
    eightBytes.setUint32(0, this.#word(isLittle ? at + 4 : at));
    eightBytes.setUint32(4, this.#word(isLittle ? at : at + 4));
    return eightBytes.getBigUint64(0);
  }

  /** A number of 64 bits in decimal digits: by way of a bigint only where a number would round it. */
  decimal64(field: string): string {
    const at = this.#advance(8, field);
    const isLittle = this.endian === 'little';
    const high = this.#word(isLittle ? at + 4 : at);
    const low = this.#word(isLittle ? at : at + 4);
    const value = high * 2 ** 32 + low;
    return Number.isSafeInteger(value) ? String(value) : String((BigInt(high) << 32n) | BigInt(low));
  }

  take(length: number, field: string): Uint8Array {
    const start = this.#advance(length, field);
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + start, length);
  }

  /** Two bytes of length, then as many bytes, as a TPM writes what has a size. */
  sized16(field: string): Uint8Array {
    if (this.left < 2) throw this.#truncated(2, `${field}.size`);
    return this.take(this.u16(field), field);
  }

  /** Refuses bytes after the last field. */
  end(): void {
    if (this.left > 0) {
      throw new Malformed('trailing-bytes', this.what, `${this.left} bytes more`, 'the end of the structure', this.#at);
    }
  }

  #word(at: number): number {
    const first = this.bytes[at] ?? 0;
    const second = this.bytes[at + 1] ?? 0;
    const third = this.bytes[at + 2] ?? 0;
    const fourth = this.bytes[at + 3] ?? 0;
    return this.endian === 'little'
      ? (first | (second << 8) | (third << 16) | (fourth << 24)) >>> 0
      : ((first << 24) | (second << 16) | (third << 8) | fourth) >>> 0;
  }

  #advance(length: number, field: string): number {
    const start = this.#at;
    if (length > this.left) throw this.#truncated(length, field);
    this.#at = start + length;
    return start;
  }

  #truncated(length: number, field: string): Malformed {
    return new Malformed('truncated', `${this.what}.${field}`, `${this.left} bytes`, `${length} bytes`, this.#at);
  }
}
