import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '#host';
import { blockBytes, treeBytes } from './layout.ts';
import { openVerityTree, type VerityRoot } from './read-tree.ts';
import { writeVerityTree } from './write-tree.ts';

const found = await Promise.all(
  ['/usr/sbin/veritysetup', 'veritysetup'].map((path) =>
    run(path, ['--version']).then(
      () => [path],
      () => [],
    ),
  ),
);
const [veritysetup = ''] = found.flat();
const reason = veritysetup === '' ? ' (skipped: no veritysetup)' : '';

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hcc-verity-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const salt = Buffer.alloc(32, 0xab);

/** A disk of so many blocks, no two alike. */
const diskOf = async (blocks: number): Promise<string> => {
  const path = join(dir, `disk-${blocks}`);
  await writeFile(path, randomBytes(blocks * blockBytes));
  return path;
};

const treeOf = async (
  blocks: number,
): Promise<VerityRoot & { readonly dataPath: string; readonly treePath: string }> => {
  const dataPath = await diskOf(blocks);
  const treePath = `${dataPath}.tree`;
  const made = await writeVerityTree({ dataPath, treePath, salt });
  return { ...made, salt: salt.toString('hex'), dataPath, treePath };
};

describe.skipIf(veritysetup === '')(`the tree of a base image beside veritysetup's${reason}`, () => {
  // One block of digests, exactly full, one more; two levels, exactly full, one more: three.
  test.each([2, 3, 128, 129, 128 * 128, 128 * 128 + 1])(
    'given a disk of %i blocks / when both make its tree / then root hash and every byte are the same',
    async (blocks) => {
      const made = await treeOf(blocks);
      const theirs = `${made.dataPath}.theirs`;
      const parts = ['--no-superblock', '--format=1', '--hash=sha256', `--salt=${made.salt}`];
      const sizes = ['--data-block-size=4096', '--hash-block-size=4096'];
      const { stdout } = await run(veritysetup, ['format', ...parts, ...sizes, made.dataPath, theirs]);
      expect(made.rootHash).toBe(/Root hash:\s+([0-9a-f]{64})/.exec(stdout)?.[1]);
      expect((await readFile(made.treePath)).equals(await readFile(theirs))).toBe(true);
      const count = `--data-blocks=${blocks}`;
      await run(veritysetup, ['verify', ...parts, ...sizes, count, made.dataPath, made.treePath, made.rootHash]);
    },
  );
});

describe('a block held against the root', () => {
  test('given the blocks of a disk / when each is checked / then each is known in its own place and in no other', async () => {
    const made = await treeOf(300);
    const tree = await openVerityTree(made.treePath, made);
    const disk = await readFile(made.dataPath);
    for (let index = 0; index < 300; index += 1) {
      await tree.verifyBlock(index, disk.subarray(index * blockBytes, (index + 1) * blockBytes));
    }
    await expect(tree.verifyBlock(7, disk.subarray(0, blockBytes))).rejects.toThrow('block 7 of 300 (byte 28672)');
    await tree.close();
  });

  test.each(['top', 'bottom'])(
    'given a tree with one changed bit at its %s / when it is opened / then the block is named',
    async (where) => {
      const made = await treeOf(300);
      const at = where === 'top' ? 5 : treeBytes(300) - 1;
      const file = await open(made.treePath, 'r+');
      await file.write(Buffer.from([0x5a]), 0, 1, at);
      await file.close();
      const block = Math.floor(at / blockBytes) * blockBytes;
      await expect(openVerityTree(made.treePath, made)).rejects.toMatchObject({
        code: 'image-corrupt',
        message: expect.stringContaining(`block at byte ${block} `),
      });
    },
  );

  test('given another root, or a tree of another length / when it is opened / then it is refused', async () => {
    const made = await treeOf(200);
    const other = { ...made, rootHash: '0'.repeat(64) };
    await expect(openVerityTree(made.treePath, other)).rejects.toMatchObject({ code: 'image-corrupt' });
    await expect(openVerityTree(made.treePath, { ...made, dataBlocks: 999 })).rejects.toThrow('wanted');
  });

  test('given a file that is not whole blocks / when its tree is to be made / then it is refused with the fix', async () => {
    const dataPath = join(dir, 'odd');
    await writeFile(dataPath, Buffer.alloc(5000));
    await expect(writeVerityTree({ dataPath, treePath: `${dataPath}.tree`, salt })).rejects.toThrow(
      'truncate -s %4096',
    );
  });
});
