import { open } from 'node:fs/promises';
import { ImageError } from './image-error.ts';
import { blockBytes } from './verity/layout.ts';

/** Promises that a raw disk is one ext4 file system from its first byte on, in whole blocks of 4096 bytes: longer by zeros
 *  where it was not. Refuses with `not-a-disk` what has a partition table or another file system. */
export async function demandExt4(path: string, source: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const superblock = Buffer.alloc(2);
    await file.read(superblock, 0, superblock.length, magicAt);
    if (superblock.readUInt16LE(0) !== ext4Magic) {
      throw new ImageError(
        'not-a-disk',
        `${source} is no ext4 file system from its first byte on, and the disk of a sealed VM is filled with one; take the root partition alone, or import without --sealed`,
      );
    }
    const { size } = await file.stat();
    await file.truncate(Math.ceil(size / blockBytes) * blockBytes);
  } finally {
    await file.close();
  }
}

/** Promises that a raw disk begins as a LUKS volume does, and is whole blocks of 4096 bytes: nothing may be added to one. */
export async function demandLuks(path: string, source: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const { buffer } = await file.read(Buffer.alloc(6), 0, 6, 0);
    if (buffer.toString('latin1') === 'LUKS\u00ba\u00be' && size % blockBytes === 0) return;
    throw new ImageError(
      'not-a-disk',
      `${source} is no LUKS volume in whole blocks of ${blockBytes} bytes; make one with hcc image encrypt`,
    );
  } finally {
    await file.close();
  }
}

/** Where ext2, ext3 and ext4 say what they are. */
const magicAt = 0x438;
const ext4Magic = 0xef53;
