import { ImageError } from './image-error.ts';
import { limits } from './limits.ts';

export type ElfNeeds = {
  /** The dynamic loader's path, or undefined for a static program. */
  readonly interpreter: string | undefined;
  /** Names of shared libraries (DT_NEEDED), in the file's order. */
  readonly libraries: readonly string[];
};

/** What a 64-bit little-endian ELF program or library needs to run. Pure.
 *  Refuses with `package-unusable` bytes that are something else. Source: System V ABI, chapters 4 and 5. */
export function elfNeeds(bytes: Uint8Array, name: string): ElfNeeds {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < 64 || view.readUInt32BE(0) !== 0x7f454c46 || view[4] !== 2 || view[5] !== 1) {
    throw new ImageError('package-unusable', `${name} is not a 64-bit little-endian ELF file`, { name });
  }
  try {
    return read(view);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ImageError('package-unusable', `${name} is a damaged ELF file: ${error.message}`, { name });
  }
}

type Segment = { readonly type: number; readonly offset: number; readonly address: number; readonly size: number };

const segmentTypes = { load: 1, dynamic: 2, interpreter: 3 } as const;
const tags = { end: 0, needed: 1, stringTable: 5 } as const;

function read(view: Buffer): ElfNeeds {
  const segments = readSegments(view);
  const interpreter = segments.find((segment) => segment.type === segmentTypes.interpreter);
  const dynamic = segments.find((segment) => segment.type === segmentTypes.dynamic);
  return {
    interpreter: interpreter === undefined ? undefined : textAt(view, interpreter.offset),
    libraries: dynamic === undefined ? [] : neededOf(view, dynamic, segments),
  };
}

function readSegments(view: Buffer): readonly Segment[] {
  const start = asNumber(view.readBigUInt64LE(32));
  const size = view.readUInt16LE(54);
  const count = view.readUInt16LE(56);
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * size;
    return {
      type: view.readUInt32LE(at),
      offset: asNumber(view.readBigUInt64LE(at + 8)),
      address: asNumber(view.readBigUInt64LE(at + 16)),
      size: asNumber(view.readBigUInt64LE(at + 32)),
    };
  });
}

function neededOf(view: Buffer, dynamic: Segment, segments: readonly Segment[]): readonly string[] {
  const nameOffsets: number[] = [];
  let tableAddress = 0;
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 16) {
    const tag = asNumber(view.readBigUInt64LE(at));
    if (tag === tags.end) break;
    const value = asNumber(view.readBigUInt64LE(at + 8));
    if (tag === tags.needed) nameOffsets.push(value);
    if (tag === tags.stringTable) tableAddress = value;
    if (nameOffsets.length > limits.libraryCountMax) throw new RangeError('too many libraries');
  }
  const home = segments.find(
    (segment) =>
      segment.type === segmentTypes.load &&
      segment.address <= tableAddress &&
      tableAddress < segment.address + segment.size,
  );
  if (home === undefined) throw new RangeError('its string table is in no segment');
  const table = tableAddress - home.address + home.offset;
  return nameOffsets.map((offset) => textAt(view, table + offset));
}

function textAt(view: Buffer, offset: number): string {
  const end = view.indexOf(0, offset);
  if (offset >= view.length || end < 0) throw new RangeError(`no text at offset ${offset}`);
  return view.toString('utf8', offset, end);
}

/** Tags may be negative 64-bit numbers (DT_LOOS and up); all that matters is that they equal none of ours. */
function asNumber(value: bigint): number {
  return Number(BigInt.asUintN(64, value));
}
