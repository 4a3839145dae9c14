export type SplitLines = {
  readonly lines: readonly string[];
  /** True once a line grew past the limit; the splitter takes nothing more. */
  readonly overflow: boolean;
};

/** Cuts a stream of bytes into lines of at most `lineBytesMax` bytes (without `\n`), however the bytes are cut into chunks.
 *  Memory never exceeds one line and one chunk. Framing only: what a line means is somebody else's business. */
export class LineSplitter {
  #rest: Buffer = Buffer.alloc(0);
  #overflow = false;
  readonly #lineBytesMax: number;

  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax;
  }

  /** The lines that `chunk` completes, without their line ends (`\n` or `\r\n`). */
  push(chunk: Uint8Array): SplitLines {
    if (this.#overflow) return { lines: [], overflow: true };
    const bytes = Buffer.concat([this.#rest, chunk]);
    const lines: string[] = [];
    let from = 0;
    for (let end = bytes.indexOf(newline, from); end >= 0; end = bytes.indexOf(newline, from)) {
      if (end - from > this.#lineBytesMax) return this.#stop(lines);
      lines.push(bytes.toString('utf8', from, end).replace(/\r$/, ''));
      from = end + 1;
    }
    this.#rest = bytes.subarray(from);
    return this.#rest.length > this.#lineBytesMax ? this.#stop(lines) : { lines, overflow: false };
  }

  #stop(lines: readonly string[]): SplitLines {
    this.#overflow = true;
    this.#rest = Buffer.alloc(0);
    return { lines, overflow: true };
  }
}

const newline = 0x0a;
