import { createHash } from 'node:crypto';
import type { Hash } from './software-tpm.ts';

/** One entry of a firmware's log, and what it extended. */
export type BootEvent = { readonly pcr: number; readonly type?: number; readonly data: string };

const ids: Readonly<Record<Hash | 'sm3', number>> = { sha1: 4, sha256: 11, sha384: 12, sha512: 13, sm3: 0x12 };
const sizes: Readonly<Record<Hash | 'sm3', number>> = { sha1: 20, sha256: 32, sha384: 48, sha512: 64, sm3: 32 };
/** EV_NO_ACTION: says something, extends nothing. */
export const noAction = 3;
const separator = 4;

/** A log in the form "Spec ID Event03", with a digest of each event for each bank. */
export const agileLog = (banks: readonly (Hash | 'sm3')[], events: readonly BootEvent[]): Buffer =>
  Buffer.concat([
    legacyEvent({ pcr: 0, type: noAction, data: '' }, specIdEvent(banks)),
    ...events.map(({ pcr, type = separator, data }) =>
      Buffer.concat([
        ...[u32(pcr), u32(type), u32(banks.length)],
        ...banks.flatMap((bank) => [u16(ids[bank]), digestOf(bank, type === noAction ? null : data)]),
        ...[u32(Buffer.byteLength(data, 'latin1')), Buffer.from(data, 'latin1')],
      ]),
    ),
  ]);

/** The older form: SHA-1 and nothing before it. */
export const legacyLog = (events: readonly BootEvent[]): Buffer =>
  Buffer.concat(events.map((one) => legacyEvent(one, Buffer.from(one.data, 'latin1'))));

/** What a TPM's register holds after these events of it, from its first value on. */
export const registerAfter = (bank: Hash, first: Uint8Array, events: readonly string[]): string =>
  events
    .reduce((value, data) => createHash(bank).update(value).update(digestOf(bank, data)).digest(), Buffer.from(first))
    .toString('hex');

const legacyEvent = ({ pcr, type = separator, data }: BootEvent, event: Buffer): Buffer =>
  Buffer.concat([
    ...[u32(pcr), u32(type), digestOf('sha1', type === noAction ? null : data)],
    ...[u32(event.length), event],
  ]);

/** Signature, platform class, version 2.0, two words of UINT64; then the banks, and no words of the vendor. */
const specIdEvent = (banks: readonly (Hash | 'sm3')[]): Buffer =>
  Buffer.concat([
    Buffer.from('Spec ID Event03\0', 'latin1'),
    ...[u32(0), Buffer.from([0, 2, 0, 2]), u32(banks.length)],
    ...banks.flatMap((bank) => [u16(ids[bank]), u16(sizes[bank])]),
    Buffer.from([0]),
  ]);

const digestOf = (bank: Hash | 'sm3', data: string | null): Buffer =>
  data === null || bank === 'sm3' ? Buffer.alloc(sizes[bank]) : createHash(bank).update(data, 'latin1').digest();

const u16 = (value: number): Buffer => Buffer.from([value & 0xff, value >> 8]);
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
