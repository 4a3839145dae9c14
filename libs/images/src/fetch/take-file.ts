import { type FileHandle, open, stat } from 'node:fs/promises';
import type { Report } from '#host';
import { ImageError } from '../image-error.ts';
import { limits } from '../limits.ts';
import { blockBytes } from '../verity/layout.ts';
import type { VerityTree } from '../verity/read-tree.ts';
import { writeAt } from '../write-at.ts';

/** A file on its way: what it must be, and where it comes to lie. */
export type Arrival = {
  readonly name: string;
  readonly path: string;
  /** Undefined where only a bound is known. */
  readonly bytes: number | undefined;
  readonly bytesMax: number;
  readonly report: Report;
};

export type ReadFrom = (from: number) => AsyncIterable<Uint8Array>;

/** Adds what comes to the part of a file that is there, to its end. Throws when more comes than the file has, or less. */
export async function takeBytes({ name, path, bytes, bytesMax, report }: Arrival, read: ReadFrom): Promise<void> {
  const file = await open(path, 'a');
  try {
    let at = (await file.stat()).size;
    if (at === bytes) return;
    let told = at;
    for await (const chunk of read(at)) {
      at += chunk.length;
      if (at > bytesMax) throw new ImageError('image-too-large', `${name} has more than ${bytesMax} bytes`);
      await file.appendFile(chunk);
      if (at - told < limits.fetchReportBytes) continue;
      told = at;
      report({ step: 'fetch', detail: `${name}: ${at}${bytes === undefined ? '' : ` of ${bytes}`} bytes` });
    }
    if (bytes !== undefined && at < bytes) throw new Error(`${name} ended after ${at} of ${bytes} bytes`);
  } finally {
    await file.close();
  }
}

/** Adds what comes to a base image, each block only after the tree has known it: nothing else is ever in the file. What is
 *  there of an earlier run is checked again, and a block that was half written goes. Refuses with `image-corrupt`, naming
 *  it, the first block that is another. */
export async function takeBlocks(
  { name, path, bytes, report }: Arrival & { readonly bytes: number },
  tree: VerityTree,
  read: ReadFrom,
): Promise<void> {
  const file = await open(path, (await isThere(path)) ? 'r+' : 'w+');
  try {
    let at = await knownBytes(file, tree);
    if (at > 0) report({ step: 'fetch', detail: `${name}: going on from byte ${at} of ${bytes}` });
    await file.truncate(at);
    let told = at;
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of at === bytes ? [] : read(at)) {
      const came = Buffer.concat([rest, chunk]);
      if (at + came.length > bytes) throw new ImageError('image-too-large', `${name} has more than ${bytes} bytes`);
      const whole = came.length - (came.length % blockBytes);
      let good = 0;
      try {
        for (; good < whole; good += blockBytes) {
          await tree.verifyBlock((at + good) / blockBytes, came.subarray(good, good + blockBytes));
        }
      } finally {
        // What came before a bad block is kept.
        await writeAt(file, came.subarray(0, good), at);
        at += good;
      }
      rest = Buffer.from(came.subarray(whole));
      if (at - told < limits.fetchReportBytes) continue;
      told = at;
      report({ step: 'fetch', detail: `${name}: ${at} of ${bytes} bytes, every block checked` });
    }
    if (at < bytes) throw new Error(`${name} ended after ${at + rest.length} of ${bytes} bytes`);
  } finally {
    await file.close();
  }
}

/** How much of a file, from its beginning on, the tree knows. */
async function knownBytes(file: FileHandle, tree: VerityTree): Promise<number> {
  const { size } = await file.stat();
  const block = Buffer.alloc(blockBytes);
  for (let at = 0; ; at += blockBytes) {
    if (at + blockBytes > size) return at;
    await file.read(block, 0, blockBytes, at);
    const isKnown = await tree.verifyBlock(at / blockBytes, block).then(
      () => true,
      (error: unknown) => {
        if (error instanceof ImageError) return false;
        throw error;
      },
    );
    if (!isKnown) return at;
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
