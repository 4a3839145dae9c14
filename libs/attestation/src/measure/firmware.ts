import { guidText } from '../bytes/guid.ts';
import { ByteReader } from '../bytes/reader.ts';
import { Malformed } from '../malformed.ts';
import { measureLimits } from './limits.ts';
import { pageBytes } from './page.ts';

export type SectionKind = 'sec-mem' | 'secrets' | 'cpuid' | 'svsm-caa' | 'kernel-hashes';

/** Guest memory that the firmware asks the VMM to measure before it starts. */
export interface FirmwareSection {
  readonly kind: SectionKind;
  /** Guest-physical address, a multiple of a page. */
  readonly gpa: number;
  readonly pages: number;
}

/** What a firmware image says about its own launch. Plain data: it can be kept as JSON. */
export interface FirmwareLayout {
  readonly sizeBytes: number;
  /** In the order of the image, which is the order of measuring. */
  readonly sections: readonly FirmwareSection[];
  /** Where processors other than the first begin. */
  readonly resetEip: number;
  /** Guest-physical address of the table of kernel hashes; null in a build that measures no kernel. */
  readonly hashTableGpa: number | null;
}

const guids = {
  footer: '96b582de-1fb2-45f7-baea-a366c55a082d',
  hashTable: '7255371f-3a3b-4b04-927b-1da6efa8d454',
  resetBlock: '00f771de-1a7e-4fcb-890e-68c77e2fb44e',
  metadata: 'dc886566-984a-4798-a75e-5585a7bf67cc',
} as const;

const kinds: ReadonlyMap<number, SectionKind> = new Map([
  [1, 'sec-mem'],
  [2, 'secrets'],
  [3, 'cpuid'],
  [4, 'svsm-caa'],
  [0x10, 'kernel-hashes'],
]);

/** Bytes between the footer table and the end: the reset vector. */
const afterTableBytes = 32;
/** Size and GUID behind the data of each entry. */
const entryTailBytes = 18;

/**
 * Reads the footer table and the SEV metadata of an OVMF image. Throws {@link Malformed} for anything else, for sections
 * that are not whole pages below 4 GiB, and for more of them than a firmware has.
 */
export const parseFirmware = (image: Uint8Array): FirmwareLayout => {
  const whole = image.length > 0 && image.length % pageBytes === 0;
  if (!whole || image.length > measureLimits.firmwareBytesMax) {
    throw new Malformed(
      whole ? 'too-large' : 'wrong-value',
      'firmware',
      `${image.length} bytes`,
      `whole pages of ${pageBytes} bytes, at most ${measureLimits.firmwareBytesMax}`,
    );
  }
  const entries = footerEntries(image);
  const reset = entries.get(guids.resetBlock);
  const metadata = entries.get(guids.metadata);
  if (reset === undefined) throw missing('SEV-ES reset block', guids.resetBlock);
  if (metadata === undefined) throw missing('SEV metadata', guids.metadata);
  const hashTable = entries.get(guids.hashTable);
  const hashTableGpa = hashTable === undefined ? 0 : u32(hashTable, 'hash table address');
  return {
    sizeBytes: image.length,
    sections: sectionsAt(image, u32(metadata, 'SEV metadata offset')),
    resetEip: u32(reset, 'SEV-ES reset block'),
    hashTableGpa: hashTableGpa === 0 ? null : hashTableGpa,
  };
};

/** Data by GUID. The table is read from its end: each entry is its data, its size, its GUID. */
const footerEntries = (image: Uint8Array): ReadonlyMap<string, Uint8Array> => {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const footerAt = image.length - afterTableBytes - entryTailBytes;
  if (guidText(image.subarray(footerAt + 2, footerAt + entryTailBytes)) !== guids.footer) {
    throw missing('GUID table', guids.footer);
  }
  const tableBytes = view.getUint16(footerAt, true);
  const start = footerAt + entryTailBytes - tableBytes;
  if (tableBytes < entryTailBytes || tableBytes > measureLimits.footerTableBytesMax || start < 0) {
    throw new Malformed('wrong-value', 'GUID table size', `${tableBytes}`, 'what fits before the end', footerAt);
  }
  const entries = new Map<string, Uint8Array>();
  for (let end = footerAt, count = 0; end > start; count += 1) {
    const tail = end - entryTailBytes;
    const size = tail < start ? 0 : view.getUint16(tail, true);
    if (size < entryTailBytes || end - size < start || count >= measureLimits.footerEntriesMax) {
      throw new Malformed('wrong-value', 'GUID table entry', `${size} bytes`, 'an entry inside the table', tail);
    }
    const guid = guidText(image.subarray(tail + 2, end));
    if (entries.has(guid)) throw new Malformed('wrong-value', 'GUID table', `${guid} twice`, 'each entry once', tail);
    entries.set(guid, image.subarray(end - size, tail));
    end -= size;
  }
  return entries;
};

const sectionsAt = (image: Uint8Array, fromEnd: number): readonly FirmwareSection[] => {
  if (fromEnd > image.length) {
    throw new Malformed('wrong-value', 'SEV metadata offset', `${fromEnd} from the end`, `at most ${image.length}`);
  }
  const reader = new ByteReader(image.subarray(image.length - fromEnd), 'SEV metadata', 'little');
  const signature = Buffer.from(reader.take(4, 'signature')).toString('latin1');
  if (signature !== 'ASEV') throw new Malformed('wrong-value', 'SEV metadata.signature', quoted(signature), '"ASEV"');
  const size = reader.u32('size');
  const version = reader.u32('version');
  const count = reader.u32('count');
  if (version !== 1) throw new Malformed('unknown-form', 'SEV metadata.version', `${version}`, '1');
  if (count > measureLimits.sectionsMax) {
    throw new Malformed('too-large', 'SEV metadata.count', `${count}`, `at most ${measureLimits.sectionsMax}`);
  }
  if (size < 16 + 12 * count) {
    throw new Malformed('wrong-value', 'SEV metadata.size', `${size}`, `${16 + 12 * count} for ${count} sections`);
  }
  const sections = Array.from({ length: count }, () => readSection(reader));
  const pages = sections.reduce((sum, section) => sum + section.pages, 0);
  if (pages > measureLimits.sectionPagesMax) {
    throw new Malformed('too-large', 'SEV metadata', `${pages} pages`, `at most ${measureLimits.sectionPagesMax}`);
  }
  return sections;
};

const readSection = (reader: ByteReader): FirmwareSection => {
  const at = reader.offset;
  const gpa = reader.u32('gpa');
  const bytes = reader.u32('size');
  const type = reader.u32('type');
  const kind = kinds.get(type);
  if (kind === undefined) {
    throw new Malformed('unknown-form', 'SEV metadata.type', `${type}`, [...kinds.keys()].join(', '), at);
  }
  const wrong = gpa % pageBytes !== 0 || bytes % pageBytes !== 0 || bytes === 0 || gpa + bytes > 2 ** 32;
  const single = kind === 'secrets' || kind === 'cpuid' || kind === 'kernel-hashes';
  if (wrong || (single && bytes !== pageBytes)) {
    const observed = `${bytes} bytes at 0x${gpa.toString(16)}`;
    const wanted = single ? 'one page below 4 GiB' : 'whole pages below 4 GiB';
    throw new Malformed('wrong-value', `SEV metadata section ${kind}`, observed, wanted, at);
  }
  return { kind, gpa, pages: bytes / pageBytes };
};

const u32 = (data: Uint8Array, what: string): number => new ByteReader(data, what, 'little').u32('value');

const missing = (what: string, guid: string): Malformed =>
  new Malformed('unknown-form', 'firmware', `no ${what}`, `${what} (GUID ${guid}) before the reset vector`);

const quoted = (text: string): string => JSON.stringify(text);
