import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where this program lies: `apps` and `libs`, compiled or not. */
const programRoot = fileURLToPath(new URL('../../../..', import.meta.url));

/** SHA-256 over every script that may be a part of what folds here, and over Node's version. Hex. */
export const programDigest = async (root: string = programRoot): Promise<string> => {
  const digest = createHash('sha256').update(process.version);
  for (const file of await scriptsBelow(root)) {
    const bytes = await readFile(join(root, file));
    digest.update(`\n${file} ${bytes.length}\n`).update(bytes);
  }
  return digest.digest('hex');
};

const scriptsBelow = async (root: string): Promise<readonly string[]> => {
  const found = await Promise.all(
    ['apps', 'libs'].map((part) => readdir(join(root, part), { recursive: true, withFileTypes: true })),
  );
  return found
    .flat()
    .filter((entry) => entry.isFile() && isScript.test(entry.name))
    .map(({ parentPath, name }) => relative(root, join(parentPath, name)))
    .sort();
};

const isScript = /(?<!\.(?:d|spec|fixture))\.[jt]s$/;
