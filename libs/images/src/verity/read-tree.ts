import { type FileHandle, open } from 'node:fs/promises';
import { ImageError } from '../image-error.ts';
import { blockBytes, blockDigest, digestBytes, digestsPerBlock, type Level, treeBytes, treeLevels } from './layout.ts';

/** What a tree is held against: from an image's manifest, whose digest is known. */
export type VerityRoot = { readonly rootHash: string; readonly salt: string; readonly dataBlocks: number };

export type VerityTree = {
  /** Refuses with `image-corrupt`, naming it, a block that is not the one this tree was made of. */
  verifyBlock(index: number, block: Uint8Array): Promise<void>;
  close(): Promise<void>;
};

/** Opens the tree of a base image after checking all of it against the root hash, from the top down: what `verifyBlock` then
 *  compares with is what the root stands for. Reads one block at a time. The file must be nobody else's to write.
 *  Refuses with `image-corrupt`, naming the first block of the tree that is another. */
export async function openVerityTree(path: string, root: VerityRoot): Promise<VerityTree> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const wanted = treeBytes(root.dataBlocks);
    if (size !== wanted) throw corrupt(`${path} has ${size} bytes, wanted ${wanted} for ${root.dataBlocks} blocks`);
    const salt = Buffer.from(root.salt, 'hex');
    const digestOf = blockDigest(salt);
    const levels = treeLevels(root.dataBlocks);
    const rootDigest = Buffer.from(root.rootHash, 'hex');
    for (let index = levels.length - 1; index >= 0; index -= 1) {
      await verifyLevel(file, path, { level: levels[index], above: levels[index + 1], rootDigest, digestOf });
    }
    const digestAt = digestReader(file, levels[0], rootDigest);
    return {
      verifyBlock: async (index, block) => {
        if (index < 0 || index >= root.dataBlocks) throw new Error(`bug: block ${index} of ${root.dataBlocks}`);
        if (digestOf(block).equals(await digestAt(index))) return;
        throw corrupt(`block ${index} of ${root.dataBlocks} (byte ${index * blockBytes}) is not the image's`);
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function verifyLevel(
  file: FileHandle,
  path: string,
  {
    level,
    above,
    rootDigest,
    digestOf,
  }: {
    readonly level: Level | undefined;
    readonly above: Level | undefined;
    readonly rootDigest: Buffer;
    readonly digestOf: (block: Uint8Array) => Buffer;
  },
): Promise<void> {
  if (level === undefined) return;
  const digestAt = digestReader(file, above, rootDigest);
  for (let index = 0; index < level.blocks; index += 1) {
    const offset = level.offset + index * blockBytes;
    const block = await readBlock(file, offset);
    if (!digestOf(block).equals(await digestAt(index))) {
      throw corrupt(`${path}: the tree's block at byte ${offset} is not the one its root hash stands for`);
    }
  }
}

/** The digest a level has of the `index`th block below it; above the highest level is the root. Keeps the last block read. */
function digestReader(
  file: FileHandle,
  level: Level | undefined,
  rootDigest: Buffer,
): (index: number) => Promise<Buffer> {
  let held: { readonly block: Buffer; readonly index: number } = { block: Buffer.alloc(0), index: -1 };
  return async (index) => {
    if (level === undefined) return rootDigest;
    const wanted = Math.floor(index / digestsPerBlock);
    if (held.index !== wanted) {
      held = { block: await readBlock(file, level.offset + wanted * blockBytes), index: wanted };
    }
    const at = (index % digestsPerBlock) * digestBytes;
    return held.block.subarray(at, at + digestBytes);
  };
}

async function readBlock(file: FileHandle, position: number): Promise<Buffer> {
  const block = Buffer.alloc(blockBytes);
  const { bytesRead } = await file.read(block, 0, blockBytes, position);
  if (bytesRead !== blockBytes) throw corrupt(`the tree ends at byte ${position + bytesRead}`);
  return block;
}

function corrupt(observed: string): ImageError {
  return new ImageError('image-corrupt', `${observed}; nothing of it is used, fetch or build the image again`);
}
