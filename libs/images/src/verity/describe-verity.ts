import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { hashFile } from '../hash-file.ts';
import { type ImageFile, type ImageVerity, imageFileNames } from '../manifest.ts';
import { writeVerityTree } from './write-tree.ts';

/** Hashes the root file system of an image directory and writes its tree beside it: both parts of the manifest.
 *  The salt is of the content, so that equal content gives equal images. */
export async function describeVerity(
  out: string,
  signal?: AbortSignal,
): Promise<{ readonly rootfs: ImageFile; readonly verity: ImageVerity }> {
  const dataPath = join(out, imageFileNames.rootfs);
  const treePath = join(out, imageFileNames.tree);
  const rootfs = await hashFile(dataPath, signal);
  const salt = createHash('sha256').update(`hcc-verity-salt-v1\0${rootfs.sha256}`).digest();
  const made = await writeVerityTree({ dataPath, treePath, salt, ...(signal && { signal }) });
  return { rootfs, verity: { ...made, salt: salt.toString('hex'), tree: await hashFile(treePath, signal) } };
}
