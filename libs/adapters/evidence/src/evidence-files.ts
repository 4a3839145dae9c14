import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, type EvidenceStore, EvidenceUnavailable } from '#events';
import { evidenceFileBytesMax, temporaryMs } from './limits.ts';
import { openSealed, seal } from './sealed.ts';

export type EvidenceFilesOptions = {
  /** A directory of this store alone; made private. */
  readonly dir: string;
  /** 32 bytes, the same for every program that shall read what another kept. */
  readonly key: Uint8Array;
  readonly random: (bytes: number) => Uint8Array;
  readonly clock: Pick<Clock, 'now'>;
};

const SHA256 = /^[0-9a-f]{64}$/;

/**
 * Evidence as files, one for each, under the first two digits of its digest: encrypted (AES-256-GCM, bound to its name),
 * durable before `put` resolves, written whole or not at all. Several programs may share the directory.
 */
export const openEvidenceFiles = async ({ dir, key, random, clock }: EvidenceFilesOptions): Promise<EvidenceStore> => {
  if (key.length !== 32) throw new EvidenceUnavailable(`the evidence key has ${key.length} bytes, wanted 32`);
  await inDir(dir, () => mkdir(dir, { recursive: true, mode: 0o700 }));
  const folderOf = (sha256: string): string => join(dir, sha256.slice(0, 2));
  const pathOf = (sha256: string): string => join(folderOf(sha256), sha256);

  const put = async (bytes: Uint8Array): Promise<string> => {
    if (bytes.length > evidenceFileBytesMax) {
      throw new EvidenceUnavailable(`evidence of ${bytes.length} bytes, at most ${evidenceFileBytesMax} are kept`);
    }
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const path = pathOf(sha256);
    if (await isThere(path)) return sha256;
    await mkdir(folderOf(sha256), { recursive: true, mode: 0o700 });
    const temporary = `${path}.${Buffer.from(random(8)).toString('hex')}`;
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(seal(bytes, { key, name: sha256, iv: random(12) }));
      await file.datasync();
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    // What was put is dated by our clock, so that its time to go does not hang on the machine's.
    const now = new Date(clock.now());
    await utimes(path, now, now);
    await syncFolder(folderOf(sha256));
    return sha256;
  };

  const get = async (sha256: string): Promise<Uint8Array | null> => {
    if (!SHA256.test(sha256)) throw new EvidenceUnavailable(`${sha256.slice(0, 80)} is no SHA-256 in hex`);
    const sealed = await readFile(pathOf(sha256)).catch(absent);
    if (sealed === null) return null;
    const bytes = openSealed(sealed, { key, name: sha256 });
    if (bytes === null || createHash('sha256').update(bytes).digest('hex') !== sha256) {
      throw new EvidenceUnavailable(
        `the evidence ${sha256} was changed, or kept under another key; restore the file, or give the key it was kept under`,
      );
    }
    return bytes;
  };

  const dropOlder = async (than: number): Promise<number> => {
    let dropped = 0;
    for (const folder of await readdir(dir)) {
      for (const name of await readdir(join(dir, folder)).catch(() => [])) {
        const path = join(dir, folder, name);
        const keptAt = await stat(path).then(({ mtimeMs }) => mtimeMs, absent);
        const isTemporary = !SHA256.test(name);
        // Half of what a crash left has no date of ours: it goes once nobody can be writing it any more.
        const goes = keptAt !== null && (isTemporary ? keptAt < clock.now() - temporaryMs : keptAt < than);
        if (!goes) continue;
        await rm(path, { force: true });
        dropped += isTemporary ? 0 : 1;
      }
    }
    return dropped;
  };

  return {
    put: (bytes) => inDir(dir, () => put(bytes)),
    get: (sha256) => inDir(dir, () => get(sha256)),
    dropOlder: (than) => inDir(dir, () => dropOlder(than)),
  };
};

/** A name in a folder is durable once the folder is. */
const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};

const absent = (error: NodeJS.ErrnoException): null => {
  if (error.code === 'ENOENT') return null;
  throw error;
};

const isThere = (path: string): Promise<boolean> =>
  stat(path)
    .then(() => true, absent)
    .then((found) => found === true);

const inDir = async <Result>(dir: string, work: () => Promise<Result>): Promise<Result> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof EvidenceUnavailable) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new EvidenceUnavailable(`evidence in ${dir}: ${reason}`, { cause: error });
  }
};
