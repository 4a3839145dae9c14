import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { debsOf, dropOtherDebs, plannedIn } from './deb-dir.ts';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('a directory of packages', () => {
  test('given what apt would fetch / when it is read / then names and digests are known, and nothing else is', () => {
    const line = `'http://mirror.example/busybox_1.35_amd64.deb' busybox_1%3a1.35_amd64.deb 928188 SHA256:${sha('a')}`;
    expect(plannedIn(`Reading lists\n${line}\n`)).toEqual([
      { fileName: 'busybox_1%3a1.35_amd64.deb', sha256: sha('a') },
    ]);
    expect(plannedIn("'http://mirror.example/x.deb' x.deb 1 MD5Sum:00")).toEqual([]);
  });

  test('given old, damaged, good and foreign files / when others are dropped / then the good and the foreign stay', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'hcc-debs-'));
    try {
      const names = ['a_1_all.deb', 'a_2_all.deb', 'b_1_all.deb', 'c_1_all.deb'];
      for (const name of names) await writeFile(join(dir, name), name);
      const planned = [
        { fileName: 'a_2_all.deb', sha256: sha('a_2_all.deb') },
        { fileName: 'b_1_all.deb', sha256: sha('what it should be') },
      ];
      await dropOtherDebs(dir, ['a', 'b'], planned);
      expect((await readdir(dir)).sort()).toEqual(['a_2_all.deb', 'c_1_all.deb']);
      expect(await debsOf(dir, ['a', 'b'])).toEqual([join(dir, 'a_2_all.deb')]);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});
