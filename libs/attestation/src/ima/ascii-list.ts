import { Malformed } from '../malformed.ts';
import { fromHex } from './banks.ts';
import type { Read } from './binary-list.ts';
import type { ImaTemplate } from './claims.ts';
import {
  bounded,
  checkPath,
  digestAlgorithm,
  type EntryParts,
  ImaEntry,
  knownTemplate,
  oldHashed,
  type StoredHash,
  shown,
} from './entry.ts';
import { limits } from './limits.ts';

/** Two hex digits a byte, and what stands before them. */
const lineBytesMax = 2 * limits.entryBytesMax + limits.pathBytesMax + 1_024;

/**
 * Reads one line of an ascii list at `at` and makes the data again that the kernel hashed. `atEnd` says that no more bytes
 * come, so that a last line needs no newline. Paths may hold spaces, and the kernel does not escape them. Throws Malformed
 * for what no kernel writes, upper-case hex included.
 */
export const readAsciiEntry = (bytes: Buffer, at: number, index: number, atEnd: boolean): Read => {
  const newline = bytes.indexOf(0x0a, at);
  const end = newline === -1 ? bytes.length : newline;
  bounded(end - at, lineBytesMax, 'line', index);
  // Twice as much, so that a line that comes byte by byte is searched a few times and not for each byte.
  if (newline === -1 && !atEnd) return { needed: 2 * (end - at) + 1 };
  const line = new Words(bytes.toString('latin1', at, end), index);
  const pcr = line.word('PCR');
  if (pcr !== '10') throw new Malformed('wrong-value', `IMA entry ${index} PCR`, `"${shown(pcr)}"`, '10');
  const hashBytes = Buffer.from(line.hex(line.word('template hash'), 'template hash'), 'latin1');
  const stored = { bytes: hashBytes, at: 0, end: hashBytes.length };
  const name = Buffer.from(line.word('template'), 'latin1');
  const template = knownTemplate(name, 0, name.length, index);
  const entry = template === 'ima' ? oldEntry(line, stored, index) : newEntry(line, template, stored, index);
  return { entry, end: Math.min(end + 1, bytes.length) };
};

const oldEntry = (line: Words, stored: StoredHash, index: number): ImaEntry => {
  const digest = Buffer.from(line.hex(line.word('digest'), 'digest'), 'latin1');
  const name = Buffer.from(line.rest(), 'latin1');
  bounded(name.length, limits.oldNameBytesMax, 'name', index);
  digestAlgorithm('sha1', digest.length, index);
  checkPath(name, 0, name.length, index);
  const pathEnd = 20 + name.length;
  const parts = {
    algorithm: 'sha1',
    digestAt: 0,
    digestEnd: 20,
    pathAt: 20,
    pathEnd,
    tailAt: pathEnd,
    tailEnd: pathEnd,
  };
  const hashed = oldHashed(digest, name);
  return new ImaEntry(index, 'ima', stored, hashed, hashed, parts);
};

const newEntry = (line: Words, template: ImaTemplate, stored: StoredHash, index: number): ImaEntry => {
  const [name = '', digestHex = '', ...more] = line.word('digest').split(':');
  if (more.length > 0) throw new Malformed('unknown-form', `IMA entry ${index} digest`, 'two colons', 'one');
  const digest = line.hex(digestHex, 'digest');
  const algorithm = digestAlgorithm(name, digest.length, index);
  const rest = line.rest();
  // What follows the last space is the signature, or nothing: an unsigned entry ends in a space.
  const cut = template === 'ima-ng' ? rest.length : rest.lastIndexOf(' ');
  if (cut === -1)
    throw new Malformed('truncated', `IMA entry ${index} ${template}`, 'no last field', 'a space and hex');
  const path = rest.slice(0, cut);
  bounded(path.length, limits.pathBytesMax - 1, 'path', index);
  const tail = template === 'ima-ng' ? undefined : line.hex(rest.slice(cut + 1), 'last field');
  const fields = [`${algorithm}:\0${digest}`, `${path}\0`, ...(tail === undefined ? [] : [tail])];
  const data = Buffer.allocUnsafe(fields.reduce((sum, field) => sum + 4 + field.length, 0));
  let at = 0;
  for (const field of fields) {
    at = data.writeUInt32LE(field.length, at);
    at += data.write(field, at, 'latin1');
  }
  const digestAt = 4 + algorithm.length + 2;
  const pathAt = digestAt + digest.length + 4;
  const pathEnd = pathAt + path.length;
  checkPath(data, pathAt, pathEnd, index);
  const tailAt = tail === undefined ? data.length : data.length - tail.length;
  const parts: EntryParts = {
    algorithm,
    digestAt,
    digestEnd: pathAt - 4,
    pathAt,
    pathEnd,
    tailAt,
    tailEnd: data.length,
  };
  return new ImaEntry(index, template, stored, data, data, parts);
};

class Words {
  #at = 0;
  readonly #line: string;
  readonly #index: number;

  constructor(line: string, index: number) {
    this.#line = line;
    this.#index = index;
  }

  word(what: string): string {
    const space = this.#line.indexOf(' ', this.#at);
    if (space === -1)
      throw new Malformed('truncated', `IMA entry ${this.#index} ${what}`, 'the end of its line', 'more');
    const word = this.#line.slice(this.#at, space);
    this.#at = space + 1;
    return word;
  }

  rest(): string {
    return this.#line.slice(this.#at);
  }

  hex(text: string, what: string): string {
    if (/^(?:[0-9a-f]{2})*$/.test(text)) return fromHex(text);
    throw new Malformed('unknown-form', `IMA entry ${this.#index} ${what}`, `"${shown(text)}"`, 'pairs of hex digits');
  }
}
