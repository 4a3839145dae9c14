import { Malformed } from '../malformed.ts';
import { readAsciiEntry } from './ascii-list.ts';
import { type BinaryList, type Read, readBinaryEntry } from './binary-list.ts';
import { ByteQueue } from './byte-queue.ts';
import type { ImaBank, ImaForm } from './claims.ts';
import type { ImaEntry } from './entry.ts';
import { limits } from './limits.ts';

export type ListForm = {
  readonly form: ImaForm;
  readonly listBank: ImaBank;
  readonly hashedAs: BinaryList['hashedAs'];
};

/** Takes a list in pieces of any size and gives out its entries in order. Keeps at most one entry and one piece. */
export class ListReader {
  readonly #queue = new ByteQueue();
  readonly #read: (bytes: Buffer, at: number, index: number, atEnd: boolean) => Read;
  readonly #take: (entry: ImaEntry) => void;
  #index: number;
  #needed = 1;

  constructor({ form, listBank, hashedAs }: ListForm, firstIndex: number, take: (entry: ImaEntry) => void) {
    const list: BinaryList = { endian: form === 'binary-big-endian' ? 'big' : 'little', bank: listBank, hashedAs };
    this.#read = form === 'ascii' ? readAsciiEntry : (bytes, at, index) => readBinaryEntry(bytes, at, index, list);
    this.#index = firstIndex;
    this.#take = take;
  }

  /** Index of the next entry. */
  get index(): number {
    return this.#index;
  }

  push(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let at = 0; at < bytes.length; at += limits.pieceBytes) {
      this.#piece(bytes.subarray(at, at + limits.pieceBytes), false);
    }
  }

  /** Refuses a list that ends inside an entry. */
  finish(): void {
    if (this.#queue.length > 0) this.#piece(Buffer.alloc(0), true);
    if (this.#queue.length === 0) return;
    const observed = `the end of the list after ${this.#queue.length} bytes of it`;
    throw new Malformed('truncated', `IMA entry ${this.#index}`, observed, `${this.#needed} bytes`);
  }

  #piece(piece: Buffer, atEnd: boolean): void {
    const bytes = this.#queue.with(piece);
    let at = 0;
    while (at < bytes.length && (bytes.length - at >= this.#needed || atEnd)) {
      const read = this.#read(bytes, at, this.#index, atEnd);
      this.#needed = 'needed' in read ? read.needed : 1;
      if ('needed' in read) break;
      this.#take(read.entry);
      this.#index += 1;
      at = read.end;
    }
    this.#queue.keep(bytes.subarray(at));
  }
}

/** The form of a list by its first bytes, which are the PCR number 10; null where they are not. */
export const imaFormOf = (bytes: Uint8Array): ImaForm | null => {
  const [a, b, c, d] = bytes;
  if (a === 0x31 && b === 0x30 && c === 0x20) return 'ascii';
  if (a === 10 && b === 0 && c === 0 && d === 0) return 'binary-little-endian';
  if (a === 0 && b === 0 && c === 0 && d === 10) return 'binary-big-endian';
  return null;
};
