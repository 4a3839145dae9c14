/**
 * Bytes that were pushed and not yet read. As long as nothing is left over it hands out the chunk itself; a rest is moved to
 * the front of a buffer that doubles when it must, so that a thousand small pushes of one entry cost no more than one.
 */
export class ByteQueue {
  #buffer = Buffer.alloc(0);
  /** Bytes of `#buffer` that are a rest. */
  #length = 0;

  /** What is unread, with `chunk` at its end. Good until the next call. */
  with(chunk: Buffer): Buffer {
    if (this.#length === 0) return chunk;
    const length = this.#length + chunk.length;
    if (length > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#buffer.length));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    chunk.copy(this.#buffer, this.#length);
    this.#length = length;
    return this.#buffer.subarray(0, length);
  }

  /** Keeps what is unread of the bytes that {@link with} gave out. */
  keep(unread: Buffer): void {
    const at = unread.byteOffset;
    if (unread.buffer === this.#buffer.buffer) this.#buffer.copyWithin(0, at, at + unread.length);
    else if (unread.length > 0) {
      if (unread.length > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(2 * unread.length);
      unread.copy(this.#buffer);
    }
    this.#length = unread.length;
  }

  get length(): number {
    return this.#length;
  }
}
