import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hccDirs } from '#host';
import type { Json } from './cluster.ts';

/** A machine of an owner's own, where an image is encrypted: what is there is no place to search for its key. */
export const ownersMachine = () => {
  const dir = mkdtempSync(join(tmpdir(), 'hcc-owner-'));
  const key = randomBytes(64);
  let imported: string | null = null;
  return {
    key,
    /** Encrypts the root file system of a public image and imports that as a private one, called `mine`. */
    importMine: async (owner: (...args: readonly string[]) => Promise<Json>, publicDigest: string): Promise<Json> => {
      const { cacheDir } = hccDirs(process.env, process.cwd());
      const from = (file: string) => join(cacheDir, 'images', publicDigest, file);
      const [keyFile, volume] = [join(dir, 'web.key'), join(dir, 'web.luks')];
      writeFileSync(keyFile, key, { mode: 0o600 });
      await owner('image', 'encrypt', from('rootfs.raw'), '--out', volume, '--key-file', keyFile);
      const boot = ['--kernel', from('vmlinuz'), '--initrd', from('initrd.cpio'), '--name', 'mine'];
      const made = await owner('image', 'import', volume, '--sealed', '--key-file', keyFile, ...boot);
      imported = made.dir;
      return made;
    },
    remove: (): void => {
      // Made anew by each run, with another key: nobody boots from it again.
      for (const path of [dir, imported]) if (path !== null) rmSync(path, { recursive: true, force: true });
    },
  };
};
