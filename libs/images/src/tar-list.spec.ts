import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { run } from '#host';
import { isImageError } from './image-error.ts';
import { listTar } from './tar-list.ts';

async function freshDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-tar-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** What the system's tar makes of one small tree, with owners that are not ours. */
async function archive(dir: string, format: string): Promise<string> {
  const tree = join(dir, 'tree');
  const long = 'l'.repeat(120);
  await mkdir(join(tree, long, long), { recursive: true });
  await writeFile(join(tree, long, long, 'deep'), 'x'.repeat(700));
  await symlink('/elsewhere', join(tree, 'link'));
  const path = join(dir, `${format}.tar`);
  const owner = ['--owner=42', '--group=4000000', '--mtime=@1577836800', '--sort=name'];
  await run('tar', ['-cf', path, `--format=${format}`, ...owner, '-C', tree, '.']);
  return path;
}

describe('the list of a tar archive', () => {
  test.each(['pax', 'gnu'])(
    'given one of format %s / when it is listed / then every member is there with its owner',
    async (format) => {
      const members = await listTar(await archive(await freshDir(), format));
      const long = 'l'.repeat(120);
      expect(members.map(({ path, kind, bytes }) => [path, kind, bytes])).toEqual([
        ['', 'directory', 0],
        ['link', 'link', 0],
        [long, 'directory', 0],
        [`${long}/${long}`, 'directory', 0],
        [`${long}/${long}/deep`, 'file', 700],
      ]);
      for (const { uid, gid, mtimeSeconds } of members) {
        expect([uid, gid, mtimeSeconds]).toEqual([42, 4_000_000, 1_577_836_800]);
      }
    },
  );

  test('given one that is cut or changed anywhere / when it is listed / then it is listed or refused by name', async () => {
    const dir = await freshDir();
    const whole = await readFile(await archive(dir, 'pax'));
    const path = join(dir, 'broken.tar');
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: whole.length }),
        fc.nat({ max: whole.length - 1 }),
        fc.nat({ max: 255 }),
        async (length, at, byte) => {
          const broken = Buffer.from(whole);
          broken[at] = byte;
          await writeFile(path, broken.subarray(0, length));
          const failure = await listTar(path).then(
            () => null,
            (error: unknown) => error,
          );
          expect(failure === null || isImageError(failure, 'package-unusable'), String(failure)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('given a member that leads outside / when it is listed / then it is refused', async () => {
    const dir = await freshDir();
    await writeFile(join(dir, 'f'), '');
    const path = join(dir, 'out.tar');
    await run('tar', ['-cPf', path, '--transform=s,^,../,', '-C', dir, 'f']);
    await expect(listTar(path)).rejects.toMatchObject({
      code: 'package-unusable',
      message: expect.stringContaining('../'),
    });
  });
});
