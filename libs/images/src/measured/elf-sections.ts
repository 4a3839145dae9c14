import { elfNeeds } from '../elf.ts';

/** A 64-bit ELF program without its section table and whatever no segment loads: symbols and debugging. It runs the same,
 *  since a loader reads segments only. Pure. Source: System V ABI, chapter 5. */
export function withoutSections(bytes: Uint8Array): Uint8Array {
  // Refuses what is no ELF file, by name.
  elfNeeds(bytes, 'the program');
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = Number(view.readBigUInt64LE(32));
  const size = view.readUInt16LE(54);
  const count = view.readUInt16LE(56);
  let end = start + size * count;
  for (let index = 0; index < count; index += 1) {
    const at = start + index * size;
    end = Math.max(end, Number(view.readBigUInt64LE(at + 8) + view.readBigUInt64LE(at + 32)));
  }
  const kept = Buffer.from(view.subarray(0, end));
  kept.writeBigUInt64LE(0n, 40);
  kept.writeUInt16LE(0, 60);
  kept.writeUInt16LE(0, 62);
  return kept;
}
