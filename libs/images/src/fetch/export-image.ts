import { copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf, type Report } from '#host';
import { hashFile } from '../hash-file.ts';
import { ImageError } from '../image-error.ts';
import { type Exportable, openExportable } from './exportable.ts';
import type { S3Store } from './s3.ts';
import { uploadFiles } from './upload.ts';

export type ExportedImage = {
  readonly digest: string;
  /** The folder that has it: of this machine, or `s3://…`. */
  readonly dir: string;
  readonly files: readonly string[];
};

export type ExportImageOptions = {
  readonly cacheDir: string;
  /** A directory, or `s3://BUCKET/PREFIX` with the store it is in. The image comes into a folder named by its digest. */
  readonly to: string;
  readonly s3?: S3Store | undefined;
  readonly report: Report;
  readonly signal?: AbortSignal;
};

/** Copies an image of the cache, or a boot image, after every byte of it was read, to where `dir:`, `s3:` or `ipfs:` have it
 *  from. In a directory it is there whole or not at all, in a bucket its manifest comes last; what is there already stays.
 *  Refuses with `image-not-found`, `image-corrupt`, `source-unknown`, `export-failed` or `disk-full`. */
export async function exportImage(digest: string, options: ExportImageOptions): Promise<ExportedImage> {
  const { cacheDir, to, report, signal } = options;
  report({ step: 'image', detail: `reading every byte of ${digest.slice(0, 16)}` });
  const image = await openExportable(cacheDir, digest, signal);
  const files = image.files.map(({ name }) => name);
  if (to.startsWith('s3://')) return { digest, dir: await uploadFiles(image, options), files };
  const dir = join(to, digest);
  if (await hasAll(dir, image)) return { digest, dir, files };
  await mkdir(dirname(dir), { recursive: true });
  const part = await mkdtemp(`${dir}.`);
  try {
    for (const { name, path, bytes } of image.files) {
      signal?.throwIfAborted();
      report({ step: 'image', detail: `copying ${name}, ${bytes} bytes` });
      await copyFile(path, join(part, name));
    }
    // A damaged copy may be in the way.
    await rm(dir, { recursive: true, force: true });
    await rename(part, dir);
    return { digest, dir, files };
  } catch (error) {
    if (errnoOf(error) !== 'ENOSPC') throw error;
    throw new ImageError('disk-full', `the disk of ${to} is full; free some space and try again`, { to });
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

async function hasAll(dir: string, { files }: Exportable): Promise<boolean> {
  for (const { name, sha256 } of files) {
    const observed = await hashFile(join(dir, name)).catch(() => undefined);
    if (observed?.sha256 !== sha256) return false;
  }
  return true;
}
