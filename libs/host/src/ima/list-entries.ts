import { hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { endianness } from 'node:os';
import { HostError } from '../errors.ts';
import { imaLimits } from './limits.ts';

/** One measured file as Linux writes it: template `ima-ng`, a SHA-256 digest, little-endian. */
export type OwnEntry = {
  readonly path: string;
  /** Lower-case hex. */
  readonly digest: string;
  readonly bytes: Buffer;
  /** What extends the SHA-256 bank of PCR 10, lower-case hex. */
  readonly extendSha256: string;
};

/** Writes an entry for a file whose SHA-256 is `digest` (hex). Refuses a path that no list can hold. */
export function ownEntry(path: string, digest: string): OwnEntry {
  const name = Buffer.from(path);
  if (name.length === 0 || name.length > imaLimits.pathBytesMax || name.includes(0)) {
    throw refused(path, `a path of ${name.length} bytes`, `1 to ${imaLimits.pathBytesMax} bytes and no NUL`);
  }
  const data = Buffer.concat([
    ...[u32(digestHead.length + 32), digestHead, Buffer.from(digest, 'hex')],
    ...[u32(name.length + 1), name, Buffer.of(0)],
  ]);
  const head = Buffer.concat([u32(10), hash('sha1', data, 'buffer'), u32(template.length), template, u32(data.length)]);
  return { path, digest, bytes: Buffer.concat([head, data]), extendSha256: hash('sha256', data, 'hex') };
}

/** Reads back what {@link ownEntry} wrote; null for an entry of another making. */
export function readOwnEntry(bytes: Buffer): OwnEntry | null {
  const pathAt = headBytes + 4 + digestHead.length + 32 + 4;
  if (bytes.length <= pathAt) return null;
  const digest = bytes.toString('hex', pathAt - 36, pathAt - 4);
  const path = bytes.toString('utf8', pathAt, bytes.length - 1);
  if (path === '' || path.includes('\0')) return null;
  const entry = ownEntry(path, digest);
  return entry.bytes.equals(bytes) ? entry : null;
}

/**
 * The entries of a binary list from index `first` on, one by one, as they stand in the file. A rest that is no whole entry is
 * left out: whoever wrote it was interrupted, and it was never extended. Refuses lengths that no kernel writes.
 */
export async function* binaryListEntries(path: string, first: number, endian = endianness()): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  let index = 0;
  for await (const chunk of createReadStream(path)) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, Buffer.from(chunk)]);
    let at = 0;
    for (let size = entryBytes(rest, at, endian, path); size !== null; size = entryBytes(rest, at, endian, path)) {
      if (index >= first) yield rest.subarray(at, at + size);
      index += 1;
      at += size;
    }
    rest = rest.subarray(at);
  }
}

/** Bytes of the entry at `at`, or null where it is not whole. */
function entryBytes(bytes: Buffer, at: number, endian: 'LE' | 'BE', path: string): number | null {
  const number = (from: number): number => (endian === 'LE' ? bytes.readUInt32LE(from) : bytes.readUInt32BE(from));
  const nameAt = at + 28;
  if (bytes.length < nameAt) return null;
  const nameLength = bounded(number(nameAt - 4), imaLimits.templateNameBytesMax, path);
  // Only the template `ima` has no length of its data: its digest stands there.
  const isOld = nameLength === 3 && bytes.toString('latin1', nameAt, nameAt + 3) === 'ima';
  const lengthAt = nameAt + nameLength + (isOld ? 20 : 0);
  if (bytes.length < lengthAt + 4) return null;
  const end = lengthAt + 4 + bounded(number(lengthAt), imaLimits.entryBytesMax, path);
  return bytes.length < end ? null : end - at;
}

function bounded(length: number, max: number, path: string): number {
  if (length <= max) return length;
  throw refused(
    path,
    `a length of ${length} bytes in it`,
    `at most ${max}: remove it and restart the TPM it belongs to`,
  );
}

function refused(path: string, observed: string, wanted: string): HostError {
  return new HostError('ima-list-refused', `${path} has ${observed}, wanted ${wanted}`, { path });
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

const template = Buffer.from('ima-ng');
const digestHead = Buffer.from('sha256:\0');
/** PCR, SHA-1 template hash, length and name of the template, length of the data. */
const headBytes = 4 + 20 + 4 + template.length + 4;
