import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';

/** Every file of ours that the miner's agent can load where this runs from (compiled, or as sources), what names the
 *  packages beside them, and the Node that runs it: absolute paths, sorted. The packages' own files are not among them. */
export async function minerProgramFiles(): Promise<readonly string[]> {
  const here = fileURLToPath(import.meta.url);
  // This file is libs/host/src/program-files, below the folder that holds apps and libs.
  const base = resolve(dirname(here), '..', '..', '..');
  const extension = here.slice(here.lastIndexOf('.'));
  const found = await Promise.all(folders.map((folder) => filesBelow(join(base, folder), extension)));
  const locks = [join(base, lockFile), join(dirname(base), lockFile)];
  const lock = await firstThere(locks);
  return [...found.flat(), ...(lock === undefined ? [] : [lock]), process.execPath].sort();
}

const lockFile = 'package-lock.json';
const folders = [
  'apps/miner-node/src',
  ...['attestation', 'domain', 'edge', 'events', 'guest-channel', 'host', 'images', 'simulated-processor'].map(
    (lib) => `libs/${lib}/src`,
  ),
  'libs/adapters/nats/src',
  'libs/adapters/processor/src',
  'libs/adapters/system/src',
];

/** SHA-256 (lower-case hex) of each file, read one after the other in pieces. */
export async function hashFiles(
  paths: readonly string[],
): Promise<readonly { readonly path: string; readonly sha256: string }[]> {
  const hashed: { path: string; sha256: string }[] = [];
  for (const path of paths) {
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    hashed.push({ path, sha256: hash.digest('hex') });
  }
  return hashed;
}

/** A production build has no simulated processor, so a folder may be missing. */
async function filesBelow(folder: string, extension: string): Promise<readonly string[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const isTest = /\.(?:spec|fixture)\.[jt]s$/;
  return names.filter((name) => name.endsWith(extension) && !isTest.test(name)).map((name) => join(folder, name));
}

async function firstThere(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}
