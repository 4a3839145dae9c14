import { Malformed } from '../malformed.ts';
import { readAsciiEntry } from './ascii-list.ts';
import { bankBytes, digestOf, imaBanks } from './banks.ts';
import { type BinaryList, type Read, readBinaryEntry } from './binary-list.ts';
import type { ImaBank, ImaForm } from './claims.ts';
import { isTemplate } from './entry.ts';
import { limits } from './limits.ts';
import { imaFormOf, type ListForm } from './list-reader.ts';

/**
 * How a list is written, as its own first bytes say; null where they begin no list. An ascii list says its bank by the length
 * of the first template hash if one of its bank holds, a binary one by where a known template name follows; `listBank` is the caller's own word and
 * goes before both. A big-endian list is hashed in the way in which the first hash that holds is made. It is SHA-1 and as
 * written where nothing says more. A guess proves nothing: every hash is verified by it. Pure; looks at so many bytes at most.
 */
export const imaListForm = (bytes: Uint8Array, listBank?: ImaBank): ListForm | null => {
  const form = imaFormOf(bytes);
  if (form === null) return null;
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, limits.pieceBytes));
  const bank = listBank ?? bankOf(head, form) ?? 'sha1';
  return { form, listBank: bank, hashedAs: form === 'binary-big-endian' ? hashedAsOf(head, bank) : 'as-written' };
};

const bankOf = (head: Buffer, form: ImaForm): ImaBank | undefined => {
  if (form === 'ascii') {
    const hex = head.indexOf(0x20, hashAt) - hashAt;
    const bank = imaBanks.find((one) => 2 * bankBytes[one] === hex);
    // Other hashes are as long, SM3 for one: so a hash of the bank must hold.
    return bank === undefined || bank === 'sha1' || asciiHolds(head, bank) ? bank : undefined;
  }
  return imaBanks.find((bank) => {
    const lengthAt = numberBytes + bankBytes[bank];
    const nameAt = lengthAt + numberBytes;
    if (head.length < nameAt) return false;
    const length = form === 'binary-big-endian' ? head.readUInt32BE(lengthAt) : head.readUInt32LE(lengthAt);
    return nameAt + length <= head.length && isTemplate(head, nameAt, nameAt + length);
  });
};

/** After "10 " of the first line. */
const hashAt = 3;
const numberBytes = 4;

const asciiHolds = (head: Buffer, bank: ImaBank): boolean => {
  for (let at = 0, index = 0; at < head.length && index < limits.formEntriesMax; index += 1) {
    const read = unlessMalformed(() => readAsciiEntry(head, at, index, true));
    if (read === undefined) return false;
    if (read.entry.hasHash(digestOf(bank, read.entry.hashed))) return true;
    at = read.end;
  }
  return false;
};

const hashedAsOf = (head: Buffer, bank: ImaBank): BinaryList['hashedAs'] => {
  for (let at = 0, index = 0; at < head.length && index < limits.formEntriesMax; index += 1) {
    const [written, canonical] = (['as-written', 'little-endian'] as const).map((hashedAs) =>
      unlessMalformed(() => readBinaryEntry(head, at, index, { endian: 'big', bank, hashedAs })),
    );
    if (written === undefined || canonical === undefined) break;
    // Without lengths in what it hashes, an entry of the template `ima` says nothing, and a violation has no hash.
    if (written.entry.template !== 'ima') {
      if (written.entry.hasHash(digestOf(bank, written.entry.hashed))) return 'as-written';
      if (canonical.entry.hasHash(digestOf(bank, canonical.entry.hashed))) return 'little-endian';
    }
    at = written.end;
  }
  return 'as-written';
};

/** An entry, or nothing where there is no whole one. */
const unlessMalformed = (read: () => Read): Extract<Read, { readonly end: number }> | undefined => {
  try {
    const found = read();
    return 'needed' in found ? undefined : found;
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return undefined;
  }
};
