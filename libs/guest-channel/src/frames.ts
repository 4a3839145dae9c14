import { Buffer } from 'node:buffer';
import { ChannelError } from './channel-error.ts';
import { limits } from './limits.ts';

/** One message as it goes over the wire: its length (u32, big-endian), then UTF-8 JSON.
 *  Refuses with `frame-too-large` what no receiver would take. */
export function encodeFrame(message: unknown): Uint8Array {
  const body = Buffer.from(JSON.stringify(message));
  if (body.length > limits.frameBytesMax) throw tooLarge(body.length);
  const frame = Buffer.allocUnsafe(headerBytes + body.length);
  frame.writeUInt32BE(body.length);
  body.copy(frame, headerBytes);
  return frame;
}

/** Cuts a stream of bytes into messages, however it was chunked. Holds at most one unfinished frame, whose length was
 *  checked before a byte of it was kept. After the first error it stays closed: nothing says where the next frame begins. */
export class FrameDecoder {
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Length of the frame whose header was read; null between frames. */
  #wanted: number | null = null;
  #failure: ChannelError | null = null;

  /** Takes the next bytes and promises the messages that are complete now, as JSON values.
   *  Throws ChannelError: `frame-too-large`, `frame-empty`, `frame-not-json`. */
  push(chunk: Uint8Array): readonly unknown[] {
    if (this.#failure !== null) throw this.#failure;
    this.#chunks.push(Buffer.from(chunk));
    this.#bytes += chunk.length;
    try {
      return this.#read();
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error;
      this.#failure = error;
      this.#chunks = [];
      this.#bytes = 0;
      throw error;
    }
  }

  /** Bytes held of a frame that is not complete yet. */
  get pendingBytes(): number {
    return this.#bytes;
  }

  #read(): readonly unknown[] {
    const messages: unknown[] = [];
    for (;;) {
      this.#wanted ??= this.#readLength();
      if (this.#wanted === null || this.#bytes < this.#wanted) return messages;
      const body = this.#take(this.#wanted);
      this.#wanted = null;
      messages.push(parse(body));
    }
  }

  #readLength(): number | null {
    if (this.#bytes < headerBytes) return null;
    const length = this.#take(headerBytes).readUInt32BE();
    if (length === 0) throw new ChannelError('frame-empty', 'a frame of 0 bytes came, wanted at least {}');
    if (length > limits.frameBytesMax) throw tooLarge(length);
    return length;
  }

  /** The next `count` bytes, which are there. */
  #take(count: number): Buffer {
    const [first] = this.#chunks;
    const all = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks);
    const rest = all.subarray(count);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
    return all.subarray(0, count);
  }
}

const headerBytes = 4;
const utf8 = new TextDecoder('utf-8', { fatal: true });

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(body));
  } catch {
    throw new ChannelError('frame-not-json', `a frame of ${body.length} bytes is not UTF-8 JSON`);
  }
}

function tooLarge(observed: number): ChannelError {
  return new ChannelError('frame-too-large', `a frame of ${observed} bytes, wanted at most ${limits.frameBytesMax}`);
}
