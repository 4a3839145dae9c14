import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { type Argon2idBounds, limits } from '../limits.ts';
import type { HeaderRefusalCode } from '../luks-error.ts';
import { type HeaderCopy, readCopy } from './binary-header.ts';
import { readJsonArea } from './json-area.ts';
import { type Metadata, readMetadata, type SectorIntegrity, stripes } from './metadata.ts';
import { HeaderRefused, refuse } from './refuse.ts';

/** What a LUKS2 header says, as plain data. Salts and the digest are base64, as they stand in it. */
export type Luks2Header = {
  readonly uuid: string;
  readonly label: string;
  /** Goes up by one with each change of the header. */
  readonly sequence: string;
  /** SHA-256 over both copies: exactly the bytes that were checked, and what a signed answer pins. */
  readonly headerDigest: string;
  /** Length of those bytes, from the beginning of the device. */
  readonly checkedBytes: number;
  readonly cipher: 'aes-xts-plain64';
  /** Of what encrypts; what keys the tags comes on top. */
  readonly keyBits: 512;
  readonly integrity: SectorIntegrity;
  readonly sectorBytes: 512 | 4096;
  readonly dataOffsetBytes: number;
  /** From there to the end of the device. With integrity, tags and their journal are among it. */
  readonly dataBytes: number;
  readonly keyslot: {
    readonly offsetBytes: number;
    readonly sizeBytes: number;
    readonly kdf: 'argon2id';
    readonly iterations: number;
    readonly memoryKiB: number;
    readonly cpus: number;
    readonly salt: string;
  };
  readonly digest: { readonly iterations: number; readonly salt: string; readonly value: string };
};

export type HeaderRefusal = {
  readonly code: HeaderRefusalCode;
  readonly message: string;
  readonly observed: string;
  readonly wanted: string;
};

export type HeaderVerdict =
  | { readonly ok: true; readonly header: Luks2Header }
  | { readonly ok: false; readonly refusal: HeaderRefusal };

/** How long the device is, what its header may ask of whoever unlocks it, and which of the two forms it must have. */
export type HeaderTerms = {
  readonly deviceBytes: number;
  readonly argon2id: Argon2idBounds;
  readonly integrity: SectorIntegrity;
};

/** As many bytes of a device as a header that we take can have, both copies. */
export const headerReadBytes = 2 * limits.headerBytesMax;

/**
 * Reads the header at the beginning of a device, strictly: two equal copies with right checksums, one aes-xts-plain64 segment
 * with a 512-bit key, with tags of HMAC-SHA-256 or without as the terms say, one keyslot with Argon2id within bounds, one
 * digest, and nothing else: no token, flag, requirement or re-encryption. Never throws on bytes, whatever they are: answers with the first thing that is not so.
 * The bytes are copied first, so that who can write to them meanwhile changes nothing.
 */
export const parseLuks2Header = (bytes: Uint8Array, terms: HeaderTerms): HeaderVerdict => {
  try {
    return { ok: true, header: readHeader(Buffer.from(bytes.subarray(0, headerReadBytes)), terms) };
  } catch (error) {
    if (!(error instanceof HeaderRefused)) throw error;
    const { code, message, observed, wanted } = error;
    return { ok: false, refusal: { code, message, observed, wanted } };
  }
};

const readHeader = (bytes: Buffer, { deviceBytes, argon2id, integrity }: HeaderTerms): Luks2Header => {
  const primary = readCopy(bytes, 0, 'primary');
  const secondary = readCopy(bytes, primary.headerBytes, 'secondary');
  wantEqual(primary, secondary);
  if (primary.subsystem !== '') refuse('header-field', 'the subsystem', primary.subsystem, 'empty');
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(primary.uuid)) {
    refuse('header-field', 'the UUID', primary.uuid, 'a UUID in lower case');
  }
  const metadata = readMetadata(readJsonArea(primary.jsonText), integrity);
  wantPlaces(metadata, primary, deviceBytes);
  wantBounds(metadata, argon2id);
  const { keyslot, segment, digest } = metadata;
  const checkedBytes = 2 * primary.headerBytes;
  const { time: iterations, memory: memoryKiB, cpus, salt } = keyslot.kdf;
  return {
    uuid: primary.uuid,
    label: primary.label,
    sequence: String(primary.sequence),
    headerDigest: createHash('sha256').update(bytes.subarray(0, checkedBytes)).digest('hex'),
    checkedBytes,
    cipher: segment.encryption,
    keyBits: 512,
    integrity,
    sectorBytes: segment.sector_size,
    dataOffsetBytes: segment.offset,
    dataBytes: deviceBytes - segment.offset,
    keyslot: {
      ...{ offsetBytes: keyslot.area.offset, sizeBytes: keyslot.area.size, kdf: 'argon2id' },
      ...{ iterations, memoryKiB, cpus, salt },
    },
    digest: { iterations: digest.iterations, salt: digest.salt, value: digest.digest },
  };
};

/** Only salts, checksums and magics may differ: a reader that falls back to the second copy must find the first. */
const wantEqual = (primary: HeaderCopy, secondary: HeaderCopy): void => {
  for (const field of ['headerBytes', 'sequence', 'label', 'subsystem', 'uuid'] as const) {
    if (primary[field] !== secondary[field]) {
      refuse(
        'header-copies-differ',
        `${field} of the secondary header`,
        String(secondary[field]),
        String(primary[field]),
      );
    }
  }
  if (!primary.jsonText.equals(secondary.jsonText)) {
    refuse('header-copies-differ', 'the JSON of the secondary header', 'another', 'that of the primary');
  }
};

const wantPlaces = (metadata: Metadata, { headerBytes, jsonText }: HeaderCopy, deviceBytes: number): void => {
  const { keyslot, segment, keyslotsBytes, jsonBytes } = metadata;
  if (jsonBytes !== jsonText.length) refuse('metadata-form', 'config.json_size', jsonBytes, `${jsonText.length}`);
  const areasFrom = 2 * headerBytes;
  const areasTo = areasFrom + keyslotsBytes;
  const { offset, size } = keyslot.area;
  const materialBytes = keyslot.key_size * stripes;
  const aligned = offset % 4096 === 0 && size % 4096 === 0;
  if (!aligned || size < materialBytes || offset < areasFrom || offset + size > areasTo) {
    refuse(
      'keyslot-area',
      'the area of the keyslot',
      `${size} bytes at ${offset}`,
      `at least ${materialBytes} bytes, aligned to 4096, between ${areasFrom} and ${areasTo}`,
    );
  }
  const from = segment.offset;
  if (from < areasTo || from > limits.dataOffsetBytesMax || from % 4096 !== 0) {
    refuse(
      'segment-place',
      'where the data begins',
      from,
      `aligned to 4096, from ${areasTo} to ${limits.dataOffsetBytesMax}`,
    );
  }
  const dataBytes = deviceBytes - from;
  if (dataBytes < segment.sector_size || dataBytes % segment.sector_size !== 0 || dataBytes > limits.dataBytesMax) {
    refuse(
      'segment-place',
      'the length of the data',
      dataBytes,
      `one or more whole sectors of ${segment.sector_size} bytes`,
    );
  }
};

const wantBounds = ({ keyslot: { kdf } }: Metadata, bounds: Argon2idBounds): void => {
  const within = (what: string, observed: number, min: number, max: number): void => {
    if (observed < min || observed > max) refuse('keyslot-kdf-bounds', what, observed, `${min} to ${max}`);
  };
  within('the memory of Argon2id in KiB', kdf.memory, bounds.memoryKiBMin, bounds.memoryKiBMax);
  within('the number of iterations of Argon2id', kdf.time, bounds.iterationsMin, bounds.iterationsMax);
  within('the number of threads of Argon2id', kdf.cpus, 1, bounds.cpusMax);
};
