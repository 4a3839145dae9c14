import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeDirectory } from './make-directory.ts';

const place = async () => {
  const path = await mkdtemp(join(tmpdir(), 'hcc-directory-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
};

describe('a directory that a person named', () => {
  test('given nothing above it / when it is made, twice / then it is there, for its owner alone', async () => {
    const path = join(await place(), 'a', 'b', 'c');
    await makeDirectory(path);
    await makeDirectory(path);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
  });

  test.each(['/proc/nope', '/proc/nope/below'])(
    'given %s, where nobody makes any / then it is refused, and ends',
    async (path) => {
      await expect(makeDirectory(path)).rejects.toMatchObject({
        code: 'directory-not-made',
        message: `${path} cannot be made`,
      });
    },
  );

  test('given a file above it / then what the system says is told', async () => {
    const file = join(await place(), 'file');
    await writeFile(file, '');
    const observed = expect.stringContaining('ENOTDIR');
    await expect(makeDirectory(join(file, 'below'))).rejects.toMatchObject({ facts: { observed } });
  });
});
