import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readDiskHeader } from './disk-header.ts';
import { isImageError } from './image-error.ts';
import { limits } from './limits.ts';

const clusterBytes = 65_536;
const fileBytes = 8 * clusterBytes;

/** A version 3 header as QEMU writes it for a disk of 1 GiB, and what one test changes of it. */
function qcow2(change: (head: Buffer) => void = () => undefined): Buffer {
  const head = Buffer.alloc(clusterBytes);
  head.writeUInt32BE(0x514649fb, 0);
  head.writeUInt32BE(3, 4);
  head.writeUInt32BE(16, 20);
  head.writeBigUInt64BE(BigInt(1024 ** 3), 24);
  head.writeUInt32BE(2, 36);
  head.writeBigUInt64BE(BigInt(3 * clusterBytes), 40);
  head.writeBigUInt64BE(BigInt(clusterBytes), 48);
  head.writeUInt32BE(1, 56);
  head.writeUInt32BE(4, 96);
  head.writeUInt32BE(104, 100);
  change(head);
  return head;
}

const codeOf = (bytes: Uint8Array, size: number = fileBytes): string => {
  try {
    return readDiskHeader(bytes, size).format;
  } catch (error) {
    if (isImageError(error)) return error.code;
    throw error;
  }
};

function raw(mark: string, at: number): Buffer {
  const bytes = Buffer.alloc(70_144);
  bytes.write(mark, at, 'hex');
  return bytes;
}

describe('the header of a disk', () => {
  test('given a whole qcow2 / when it is read / then it is one, of the size a guest sees', () => {
    expect(readDiskHeader(qcow2(), fileBytes)).toEqual({ format: 'qcow2', virtualBytes: 1024 ** 3 });
    expect(codeOf(qcow2((head) => head.writeUInt32BE(2, 4)))).toBe('qcow2');
  });

  test.each([
    ['a backing file', (head: Buffer) => head.writeBigUInt64BE(200n, 8)],
    ['an external data file', (head: Buffer) => head.writeBigUInt64BE(4n, 72)],
    ['the name of an external data file', (head: Buffer) => head.writeUInt32BE(0x44415441, 104)],
    ['the format of a backing file', (head: Buffer) => head.writeUInt32BE(0xe2792aca, 104)],
  ])(
    'given a qcow2 that names %s / when it is read / then it is refused: it would read files of the host',
    (_what, change) => {
      expect(codeOf(qcow2(change))).toBe('disk-refers-elsewhere');
    },
  );

  test.each([
    ['another version', (head: Buffer) => head.writeUInt32BE(4, 4)],
    ['tiny clusters', (head: Buffer) => head.writeUInt32BE(8, 20)],
    ['huge clusters', (head: Buffer) => head.writeUInt32BE(63, 20)],
    ['no size', (head: Buffer) => head.writeBigUInt64BE(0n, 24)],
    ['an impossible size', (head: Buffer) => head.writeBigUInt64BE(2n ** 63n, 24)],
    ['encryption', (head: Buffer) => head.writeUInt32BE(1, 32)],
    ['too few L1 entries', (head: Buffer) => head.writeUInt32BE(1, 36)],
    ['an L1 table that fills memory', (head: Buffer) => head.writeUInt32BE(2 ** 32 - 1, 36)],
    ['an L1 table outside the file', (head: Buffer) => head.writeBigUInt64BE(2n ** 40n, 40)],
    ['an L1 table between clusters', (head: Buffer) => head.writeBigUInt64BE(1n, 40)],
    ['a refcount table outside the file', (head: Buffer) => head.writeUInt32BE(2 ** 31, 56)],
    ['snapshots', (head: Buffer) => head.writeUInt32BE(1, 60)],
    ['a dirty bit', (head: Buffer) => head.writeBigUInt64BE(1n, 72)],
    ['an unknown feature', (head: Buffer) => head.writeBigUInt64BE(2n ** 40n, 72)],
    ['impossible refcounts', (head: Buffer) => head.writeUInt32BE(7, 96)],
    ['a header longer than its cluster', (head: Buffer) => head.writeUInt32BE(2 ** 31, 100)],
    ['extensions without end', (head: Buffer) => head.fill(1, 104)],
  ])('given a qcow2 with %s / when it is read / then it is no disk', (_what, change) => {
    expect(codeOf(qcow2(change))).toBe('not-a-disk');
  });

  test('given a disk larger than any image / when it is read / then both sizes are named', () => {
    const huge = qcow2((head) => {
      head.writeBigUInt64BE(BigInt(limits.imageBytesMax) * 2n, 24);
      head.writeUInt32BE(256, 36);
    });
    expect(() => readDiskHeader(huge, fileBytes)).toThrow(`${limits.imageBytesMax * 2} bytes`);
    expect(codeOf(huge)).toBe('image-too-large');
  });

  test.each([
    ['a partition table', '55aa', 510],
    ['a GPT', '4546492050415254', 512],
    ['an ext4 file system', '53ef', 1080],
    ['an XFS', '58465342', 0],
    ['a btrfs', '5f42485266535f4d', 0x10040],
  ])('given a raw disk with %s / when it is read / then it is one', (_what, mark, at) => {
    expect(codeOf(raw(mark, at), 70_144)).toBe('raw');
  });

  test.each([
    ['gzip', '1f8b08'],
    ['xz', 'fd377a585a00'],
    ['VMDK', '4b444d56'],
    ['web page', '3c21444f43'],
    ['neither a partition table', '00'],
  ])('given %s instead / when it is read / then it is refused by its name', (name, mark) => {
    expect(() => readDiskHeader(raw(mark, 0), 70_144)).toThrow(name);
  });

  test('given any bytes at all / when they are read / then the answer is a disk or a refusal by name, at once', () => {
    const refusals = ['not-a-disk', 'disk-refers-elsewhere', 'image-too-large'];
    const patch = fc.tuple(fc.nat({ max: 2_000 }), fc.uint8Array({ minLength: 1, maxLength: 16 }));
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 4_096 }),
      fc.array(patch, { maxLength: 6 }).map((patches) =>
        qcow2((head) => {
          for (const [at, bytes] of patches) head.set(bytes, at);
        }),
      ),
      fc.nat({ max: 200 }).map((length) => qcow2().subarray(0, length)),
    );
    fc.assert(
      fc.property(anything, fc.nat(), (bytes, size) => {
        const code = codeOf(bytes, size);
        expect(['qcow2', 'raw', ...refusals]).toContain(code);
        // Whatever was changed: what is let through names no other file.
        if (code === 'qcow2') expect(Buffer.from(bytes).readBigUInt64BE(8)).toBe(0n);
      }),
      { numRuns: 5_000 },
    );
  });
});
