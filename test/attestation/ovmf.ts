import { guidBytes } from '../../libs/attestation/src/bytes/guid.ts';

/** A section as the metadata has it: address, bytes, type. */
export type RawSection = readonly [gpa: number, bytes: number, type: number];

/** The sections of an AmdSev build, the one that measures a kernel. */
export const amdSevSections: readonly RawSection[] = [
  [0x80_0000, 0x9000, 1],
  [0x80_a000, 0x3000, 1],
  [0x80_d000, 0x1000, 2],
  [0x80_e000, 0x1000, 3],
  [0x80_f000, 0x1000, 4],
  [0x81_0000, 0x1000, 0x10],
  [0x81_1000, 0xf000, 1],
];

export type OvmfSpec = {
  readonly bytes?: number;
  readonly sections?: readonly RawSection[];
  readonly hashTableGpa?: number | null;
  readonly resetEip?: number;
};

const metadataFromEnd = 0x800;

/** An image with the footer and metadata of OVMF around bytes that say nothing: what a prediction reads of one. */
export const ovmfImage = (spec: OvmfSpec = {}): Buffer => {
  const { bytes = 64 * 1024, sections = amdSevSections, hashTableGpa = 0x81_0c00, resetEip = 0x80_b004 } = spec;
  const image = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at += 4) image.writeUInt32LE((at * 2_654_435_761) >>> 0, at);
  const metadata = Buffer.concat([
    Buffer.from('ASEV'),
    words(16 + 12 * sections.length, 1, sections.length),
    ...sections.map((section) => words(...section)),
  ]);
  image.set(metadata, bytes - metadataFromEnd);
  const entries = Buffer.concat([
    entry('dc886566-984a-4798-a75e-5585a7bf67cc', words(metadataFromEnd)),
    entry('00f771de-1a7e-4fcb-890e-68c77e2fb44e', words(resetEip)),
    hashTableGpa === null ? Buffer.alloc(0) : entry('7255371f-3a3b-4b04-927b-1da6efa8d454', words(hashTableGpa, 0x400)),
  ]);
  const footer = entry('96b582de-1fb2-45f7-baea-a366c55a082d', Buffer.alloc(0), entries.length);
  image.set(Buffer.concat([entries, footer]), bytes - 32 - entries.length - footer.length);
  return image;
};

const words = (...values: readonly number[]): Buffer => {
  const buffer = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) buffer.writeUInt32LE(value, 4 * index);
  return buffer;
};

const entry = (guid: string, data: Buffer, before = 0): Buffer => {
  const size = Buffer.alloc(2);
  size.writeUInt16LE(before + data.length + 18);
  return Buffer.concat([data, size, guidBytes(guid)]);
};
