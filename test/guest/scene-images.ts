import { randomBytes, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { requireTool, run } from '#host';
import { writeLuks2Volume } from '#luks';
import type { Scenery } from './machine.ts';

/** A base image as its owner encrypts it: by our writer, on a machine without root. */
export const encryptedImage = async (dir: string, rootfsPath: string, key: Uint8Array) => {
  const path = join(dir, 'private.luks');
  const { headerDigest: headerSha256 } = await writeLuks2Volume({
    ...{ source: createReadStream(rootfsPath), target: path, volumeKey: randomBytes(64), passphrase: key },
    ...{ argon2id: { memoryKiB: 64 * 1024, iterations: 4, cpus: 1 }, uuid: randomUUID(), random: randomBytes },
  });
  return { path, image: { headerSha256, key } };
};

/** The base image with a hash tree by veritysetup: another's writer than ours. */
export const verified = async (
  dir: string,
  basePath: string,
): Promise<Pick<Scenery, 'base' | 'basePath' | 'treePath'>> => {
  const treePath = join(dir, 'verity.tree');
  const salt = randomBytes(32).toString('hex');
  const form = [
    '--no-superblock',
    '--hash=sha256',
    '--data-block-size=4096',
    '--hash-block-size=4096',
    `--salt=${salt}`,
  ];
  const { stdout } = await run(join(dirname(await requireTool('cryptsetup')), 'veritysetup'), [
    'format',
    ...form,
    basePath,
    treePath,
  ]);
  const rootHash = /Root hash:\s+([0-9a-f]{64})/.exec(stdout)?.[1] ?? '';
  const dataBlocks = Number(/Data blocks:\s+(\d+)/.exec(stdout)?.[1]);
  return { base: { rootHash, salt, dataBlocks }, basePath, treePath };
};
