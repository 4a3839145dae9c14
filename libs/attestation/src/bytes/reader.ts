import { Malformed } from '../malformed.ts';

export type Endian = 'little' | 'big';

/**
 * Reads a structure field by field out of bytes somebody else wrote. Every length is checked against what is left before
 * anything is taken, and what is taken is a view: a reader allocates nothing that grows with a length field.
 */
export class ByteReader {
  #at = 0;
  readonly #view: DataView;

  readonly bytes: Uint8Array;
  /** The structure's name, for errors. */
  readonly what: string;
  readonly endian: Endian;

  constructor(bytes: Uint8Array, what: string, endian: Endian) {
    // Views of a Buffer are Buffers, which cost several times as much to make.
    this.bytes = Buffer.isBuffer(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes;
    this.what = what;
    this.endian = endian;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get offset(): number {
    return this.#at;
  }

  get left(): number {
    return this.bytes.length - this.#at;
  }

  u8(field: string): number {
    return this.#view.getUint8(this.#advance(1, field));
  }

  u16(field: string): number {
    return this.#view.getUint16(this.#advance(2, field), this.endian === 'little');
  }

  u32(field: string): number {
    return this.#view.getUint32(this.#advance(4, field), this.endian === 'little');
  }

  u64(field: string): bigint {
    return this.#view.getBigUint64(this.#advance(8, field), this.endian === 'little');
  }

  take(length: number, field: string): Uint8Array {
    const start = this.#advance(length, field);
    return this.bytes.subarray(start, start + length);
  }

  /** Refuses bytes after the last field. */
  end(): void {
    if (this.left > 0) {
      throw new Malformed('trailing-bytes', this.what, `${this.left} bytes more`, 'the end of the structure', this.#at);
    }
  }

  #advance(length: number, field: string): number {
    const start = this.#at;
    if (length > this.left) {
      throw new Malformed('truncated', `${this.what}.${field}`, `${this.left} bytes`, `${length} bytes`, start);
    }
    this.#at = start + length;
    return start;
  }
}
