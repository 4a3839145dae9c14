import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { findTool, requireTool, run } from '#host';
import { fileSystemBytes, superblockBytes } from './ext4-size.ts';

const tool = await findTool('mke2fs');
const reason = tool.kind === 'missing' ? ` (skipped: no ${tool.wanted})` : '';

describe('the size of a file system', () => {
  test.skipIf(tool.kind === 'missing')(
    `given one that mke2fs made on a part of its disk / when its superblock is read / then it has that part${reason}`,
    async () => {
      const dir = await mkdtemp(join(tmpdir(), 'hcc-ext4-'));
      onTestFinished(() => rm(dir, { recursive: true, force: true }));
      const path = join(dir, 'disk');
      for (const [blockBytes, features] of [
        [4_096, 'extents,64bit'],
        [1_024, '^64bit'],
      ] as const) {
        const blocks = (8 * 1_024 * 1_024) / blockBytes;
        await run(await requireTool('mke2fs'), ['-q', '-F', '-b', `${blockBytes}`, '-O', features, path, `${blocks}`]);
        const superblock = new Uint8Array(superblockBytes);
        const file = await open(path, 'r');
        await file.read(superblock, 0, superblock.length, superblockBytes);
        await file.close();
        expect(fileSystemBytes(superblock)).toBe(blocks * blockBytes);
      }
    },
  );

  test.each([
    ['zeros', new Uint8Array(superblockBytes)],
    ['noise', new Uint8Array(superblockBytes).fill(0xa5)],
    ['half of one', new Uint8Array(superblockBytes / 2)],
  ])('given %s / then there is none', (_what, bytes) => {
    expect(fileSystemBytes(bytes)).toBeNull();
  });
});
