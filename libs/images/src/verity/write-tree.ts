import { type FileHandle, open } from 'node:fs/promises';
import { ImageError } from '../image-error.ts';
import { limits } from '../limits.ts';
import { writeAt } from '../write-at.ts';
import { blockBytes, blockDigest, digestBytes, treeBytes, treeLevels } from './layout.ts';

/** Writes the dm-verity tree of a file, and answers its root hash: what a kernel checks every block it reads against.
 *  Reads the file once, front to back; memory does not grow with it. Refuses with `not-a-disk` a file that is not whole
 *  blocks of 4096 bytes. */
export async function writeVerityTree(options: {
  readonly dataPath: string;
  readonly treePath: string;
  readonly salt: Uint8Array;
  readonly signal?: AbortSignal;
}): Promise<{ readonly rootHash: string; readonly dataBlocks: number }> {
  const { dataPath, treePath, salt, signal } = options;
  const data = await open(dataPath, 'r');
  try {
    const { size } = await data.stat();
    if (size === 0 || size % blockBytes !== 0) {
      const observed = `${size} bytes`;
      throw new ImageError(
        'not-a-disk',
        `${dataPath} has ${observed}, wanted whole blocks of ${blockBytes}; make it longer: truncate -s %${blockBytes} FILE`,
        { observed },
      );
    }
    const dataBlocks = size / blockBytes;
    const tree = await open(treePath, 'w');
    try {
      await tree.truncate(treeBytes(dataBlocks));
      const grow = treeGrower(tree, dataBlocks, salt);
      const stream = data.createReadStream({ autoClose: false, highWaterMark: limits.hashChunkBytes, end: size - 1 });
      for await (const block of blocksOf(stream)) {
        signal?.throwIfAborted();
        await grow.add(block);
      }
      return { rootHash: await grow.end(), dataBlocks };
    } finally {
      await tree.close();
    }
  } finally {
    await data.close();
  }
}

/** Keeps one unfinished block of each level; a full one is written, and its digest goes one level up. */
function treeGrower(file: FileHandle, dataBlocks: number, salt: Uint8Array) {
  const digestOf = blockDigest(salt);
  const levels = treeLevels(dataBlocks).map((level) => ({
    ...level,
    ...{ block: Buffer.alloc(blockBytes), used: 0, written: 0 },
  }));
  let root: Buffer = Buffer.alloc(0);
  const finish = async (index: number): Promise<void> => {
    const level = levels[index];
    if (level === undefined) return;
    await writeAt(file, level.block, level.offset + level.written * blockBytes);
    level.written += 1;
    const digest = digestOf(level.block);
    level.block.fill(0);
    level.used = 0;
    await push(index + 1, digest);
  };
  const push = async (index: number, digest: Buffer): Promise<void> => {
    const level = levels[index];
    if (level === undefined) {
      root = digest;
      return;
    }
    level.block.set(digest, level.used);
    level.used += digestBytes;
    if (level.used === blockBytes) await finish(index);
  };
  return {
    add: (block: Uint8Array) => push(0, digestOf(block)),
    end: async (): Promise<string> => {
      for (const [index, level] of levels.entries()) if (level.used > 0) await finish(index);
      return root.toString('hex');
    },
  };
}

/** A stream cut into whole blocks; what it is read in need not be. */
async function* blocksOf(stream: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    if (!Buffer.isBuffer(chunk)) throw new Error('bug: a byte stream gave text');
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (; at + blockBytes <= bytes.length; at += blockBytes) yield bytes.subarray(at, at + blockBytes);
    rest = bytes.subarray(at);
  }
  if (rest.length > 0) throw new Error(`bug: ${rest.length} bytes beyond the last block`);
}
