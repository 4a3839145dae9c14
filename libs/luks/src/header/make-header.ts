import { Buffer } from 'node:buffer';
import { limits } from '../limits.ts';
import { binaryHeaderBytes, copySaltBytes, type HeaderCopy, labelBytesMax, writeCopy } from './binary-header.ts';
import { cipher, stripes, volumeKeyBytes } from './metadata.ts';
import { refuse } from './refuse.ts';

/** Where things stand in the volumes we make: one keyslot, so that the data begins at 1 MiB instead of cryptsetup's 16. */
export const layout = {
  headerBytes: 16 * 1024,
  keyslotOffsetBytes: 32 * 1024,
  keyslotBytes: 252 * 1024,
  keyslotsBytes: 256 * 1024,
  dataOffsetBytes: 1024 * 1024,
} as const;

export type HeaderInputs = {
  readonly uuid: string;
  readonly label: string;
  readonly sectorBytes: 512 | 4096;
  readonly kdf: {
    readonly iterations: number;
    readonly memoryKiB: number;
    readonly cpus: number;
    readonly salt: Uint8Array;
  };
  readonly digest: { readonly iterations: number; readonly salt: Uint8Array; readonly value: Uint8Array };
  readonly random: (bytes: number) => Uint8Array;
};

/** Both copies of a header, as they stand at the beginning of the volume. Refuses a label that does not fit. */
export const makeHeader = (inputs: HeaderInputs): Buffer => {
  const { uuid, label, random } = inputs;
  if (label.length > labelBytesMax || !/^[\x20-\x7e]*$/.test(label)) {
    refuse('header-field', 'the label', label, `at most ${labelBytesMax} characters of printable ASCII`);
  }
  const jsonText = Buffer.alloc(layout.headerBytes - binaryHeaderBytes);
  jsonText.write(JSON.stringify(metadataOf(inputs)));
  const copy: HeaderCopy = {
    headerBytes: layout.headerBytes,
    sequence: 1n,
    label,
    subsystem: '',
    uuid,
    jsonText,
  };
  return Buffer.concat([
    writeCopy('primary', copy, random(copySaltBytes)),
    writeCopy('secondary', copy, random(copySaltBytes)),
  ]);
};

/** The digest's iterations: the key is 512 random bits, so the least that cryptsetup takes. */
export const digestIterations = limits.digestIterationsMin;

// In cryptsetup's order, with its spelling: 64-bit numbers as text.
const metadataOf = ({ sectorBytes, kdf, digest }: HeaderInputs) => ({
  keyslots: {
    '0': {
      type: 'luks2',
      key_size: volumeKeyBytes,
      af: { type: 'luks1', stripes, hash: 'sha256' },
      area: {
        ...{ type: 'raw', offset: String(layout.keyslotOffsetBytes), size: String(layout.keyslotBytes) },
        ...{ encryption: cipher, key_size: volumeKeyBytes },
      },
      kdf: { type: 'argon2id', time: kdf.iterations, memory: kdf.memoryKiB, cpus: kdf.cpus, salt: base64(kdf.salt) },
    },
  },
  tokens: {},
  segments: {
    '0': {
      ...{ type: 'crypt', offset: String(layout.dataOffsetBytes), size: 'dynamic', iv_tweak: '0' },
      ...{ encryption: cipher, sector_size: sectorBytes },
    },
  },
  digests: {
    '0': {
      ...{ type: 'pbkdf2', keyslots: ['0'], segments: ['0'], hash: 'sha256', iterations: digest.iterations },
      ...{ salt: base64(digest.salt), digest: base64(digest.value) },
    },
  },
  config: {
    json_size: String(layout.headerBytes - binaryHeaderBytes),
    keyslots_size: String(layout.keyslotsBytes),
  },
});

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
