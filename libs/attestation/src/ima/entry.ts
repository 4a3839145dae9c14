import { Malformed } from '../malformed.ts';
import { bankBytes, isBank } from './banks.ts';
import type { ImaTemplate } from './claims.ts';
import { limits } from './limits.ts';

/** Where the parts of an entry are in `bytes`: offsets, because a view for each would cost as much as their hashes. */
export type EntryParts = {
  readonly algorithm: string;
  readonly digestAt: number;
  readonly digestEnd: number;
  readonly pathAt: number;
  readonly pathEnd: number;
  /** The signature of ima-sig, the buffer of ima-buf. */
  readonly tailAt: number;
  readonly tailEnd: number;
};

/** Where a template hash stands. It becomes text only where somebody asks: a comparison needs none. */
export type StoredHash = { readonly bytes: Uint8Array; readonly at: number; readonly end: number };

/** One entry of a list. Its bytes are views into what was read: it is good until the next one is read. */
export class ImaEntry {
  #path: string | undefined;

  readonly index: number;
  readonly template: ImaTemplate;
  readonly stored: StoredHash;
  /** What the template hash is made over. */
  readonly hashed: Buffer;
  readonly bytes: Buffer;
  readonly parts: EntryParts;

  constructor(
    index: number,
    template: ImaTemplate,
    stored: StoredHash,
    hashed: Buffer,
    bytes: Buffer,
    parts: EntryParts,
  ) {
    this.index = index;
    this.template = template;
    this.stored = stored;
    this.hashed = hashed;
    this.bytes = bytes;
    this.parts = parts;
  }

  /** The stored template hash, one character a byte. */
  get templateHash(): string {
    const { bytes, at, end } = this.stored;
    return Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at).toString('latin1');
  }

  /** Whether the stored template hash is this digest. */
  hasHash(digest: string): boolean {
    const { bytes, at, end } = this.stored;
    let same = end - at === digest.length;
    for (let n = 0; same && n < digest.length; n += 1) same = bytes[at + n] === digest.charCodeAt(n);
    return same;
  }

  /** UTF-8; a path that is not is shown with its odd bytes as `\xNN`, so that it is equal to no other. */
  get path(): string {
    this.#path ??= pathText(this.bytes, this.parts.pathAt, this.parts.pathEnd);
    return this.#path;
  }

  get algorithm(): string {
    return this.parts.algorithm;
  }

  get digest(): Buffer {
    return this.bytes.subarray(this.parts.digestAt, this.parts.digestEnd);
  }

  /** `sha256:` and hex. */
  get digestText(): string {
    return `${this.parts.algorithm}:${this.bytes.toString('hex', this.parts.digestAt, this.parts.digestEnd)}`;
  }

  get tail(): Buffer {
    return this.bytes.subarray(this.parts.tailAt, this.parts.tailEnd);
  }
}

const templates: readonly ImaTemplate[] = ['ima-ng', 'ima-sig', 'ima-buf', 'ima'];

/** Whether these bytes are the name of a template that is verified here. */
export const isTemplate = (bytes: Uint8Array, at: number, end: number): boolean =>
  templates.some((template) => isText(bytes, at, end, template));

/** Refuses a template by its name: what is not known cannot be recomputed. */
export const knownTemplate = (bytes: Buffer, at: number, end: number, index: number): ImaTemplate => {
  for (const template of templates) if (isText(bytes, at, end, template)) return template;
  const name = bytes.toString('latin1', at, end);
  throw new Malformed(
    'unknown-form',
    `IMA entry ${index} template`,
    `"${shown(name)}"`,
    'ima, ima-ng, ima-sig or ima-buf',
  );
};

/** Whether these bytes are that text: a comparison without making a string, since every entry has two of them. */
export const isText = (bytes: Uint8Array, at: number, end: number, text: string): boolean => {
  if (end - at !== text.length) return false;
  for (let n = 0; n < text.length; n += 1) if (bytes[at + n] !== text.charCodeAt(n)) return false;
  return true;
};

/** Text of evidence on its way to a screen: without control characters and no longer than a line. */
export const shown = (text: string): string => {
  const plain = text.replace(/\p{Cc}/gu, '?');
  return plain.length > limits.findingPathMax ? `${plain.slice(0, limits.findingPathMax)}…` : plain;
};

/** The algorithm of a `d-ng` field; the digest after it must be as long as the algorithm says. */
export const digestAlgorithm = (name: string, digestLength: number, index: number): string => {
  if (!/^[a-z0-9][a-z0-9_-]{0,31}$/.test(name)) {
    throw new Malformed(
      'wrong-value',
      `IMA entry ${index} digest algorithm`,
      `"${shown(name)}"`,
      'the name of an algorithm',
    );
  }
  const wanted = isBank(name) ? bankBytes[name] : undefined;
  if (wanted !== undefined && wanted !== digestLength) {
    throw new Malformed('wrong-value', `IMA entry ${index} ${name} digest`, `${digestLength} bytes`, `${wanted} bytes`);
  }
  return name;
};

const oldHashedBytes = 20 + limits.oldNameBytesMax + 1;

/** What the template `ima` hashes: the digest, and the name padded with zeros to 256 bytes. */
export const oldHashed = (digest: Buffer, name: Buffer): Buffer => {
  const hashed = Buffer.alloc(oldHashedBytes);
  hashed.set(digest, 0);
  hashed.set(name, 20);
  return hashed;
};

/** A length out of evidence, checked before anything is taken by it. */
export const bounded = (length: number, max: number, what: string, index: number): number => {
  if (length > max) throw new Malformed('too-large', `IMA entry ${index} ${what}`, `${length} bytes`, `at most ${max}`);
  return length;
};

/** Refuses a NUL inside a path: the kernel has none, and a reader that stops at it would see another file. */
export const checkPath = (bytes: Buffer, at: number, end: number, index: number): void => {
  let nul = at;
  while (nul < end && bytes[nul] !== 0) nul += 1;
  if (end > at && nul === end) return;
  const observed = end > at ? 'a NUL inside it' : 'empty';
  throw new Malformed('wrong-value', `IMA entry ${index} path`, observed, 'a path');
};

const pathText = (bytes: Buffer, at: number, end: number): string => {
  const text = bytes.toString('utf8', at, end);
  if (!text.includes('�')) return text;
  return bytes
    .toString('latin1', at, end)
    .replace(/[\x80-\xff]/g, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`);
};
