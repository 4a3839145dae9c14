import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** A package file by its name, and the digest the signed package lists have of it. */
export type PlannedDeb = { readonly fileName: string; readonly sha256: string };

/** What `apt-get download --print-uris` says it would fetch. Pure. */
export function plannedIn(printedUris: string): readonly PlannedDeb[] {
  return printedUris.split('\n').flatMap((line) => {
    const [, fileName, sha256] = /^'[^']+' (\S+\.deb) \d+ SHA256:([0-9a-f]{64})$/.exec(line.trim()) ?? [];
    return fileName === undefined || sha256 === undefined ? [] : [{ fileName, sha256 }];
  });
}

/** The .deb files of `packages` in a directory, sorted. Those of other packages are somebody else's. */
export async function debsOf(dir: string, packages: readonly string[]): Promise<readonly string[]> {
  const names = await readdir(dir);
  return names
    .filter((name) => name.endsWith('.deb') && packages.includes(name.split('_', 1)[0] ?? ''))
    .sort()
    .map((name) => join(dir, name));
}

/** Removes what a directory has of `packages` and is not what is planned: other versions, and damaged files, which apt
 *  would take by their length. */
export async function dropOtherDebs(
  dir: string,
  packages: readonly string[],
  planned: readonly PlannedDeb[],
): Promise<void> {
  const wanted = new Map(planned.map(({ fileName, sha256 }) => [join(dir, fileName), sha256]));
  for (const path of await debsOf(dir, packages)) {
    const sha256 = wanted.get(path);
    if (sha256 === undefined || (await sha256Of(path)) !== sha256) await rm(path);
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
