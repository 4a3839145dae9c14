import { hash } from 'node:crypto';

// dm-verity, hash format 1: SHA-256 over salt and block, blocks of 4096 for data and tree, no superblock.
// Source: Linux Documentation/admin-guide/device-mapper/verity.rst

export const blockBytes = 4096;
export const digestBytes = 32;
export const digestsPerBlock = blockBytes / digestBytes;

/** One level of a tree: how many blocks it has, and where in the tree's file the first of them is. */
export type Level = { readonly blocks: number; readonly offset: number };

/** The levels of a tree over so many blocks, the lowest first; in the file the highest, a single block, is first. Pure.
 *  A single data block has no tree: its digest is the root. */
export function treeLevels(dataBlocks: number): readonly Level[] {
  const counts: number[] = [];
  for (let blocks = dataBlocks; blocks > 1; ) {
    blocks = Math.ceil(blocks / digestsPerBlock);
    counts.push(blocks);
  }
  return counts.map((blocks, index) => {
    const above = counts.slice(index + 1).reduce((sum, count) => sum + count, 0);
    return { blocks, offset: above * blockBytes };
  });
}

/** The length of a tree's file. Pure. */
export function treeBytes(dataBlocks: number): number {
  return treeLevels(dataBlocks).reduce((sum, { blocks }) => sum + blocks, 0) * blockBytes;
}

/** The digest function of one tree. One buffer for salt and block: a tree is a hundred thousand digests of 4 KiB. */
export function blockDigest(salt: Uint8Array): (block: Uint8Array) => Buffer {
  const scratch = Buffer.alloc(salt.length + blockBytes);
  scratch.set(salt);
  return (block) => {
    if (block.length !== blockBytes) throw new Error(`bug: a block of ${block.length} bytes`);
    scratch.set(block, salt.length);
    return hash('sha256', scratch, 'buffer');
  };
}
