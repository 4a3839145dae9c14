import { mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { NatsError } from './errors.ts';
import {
  createNatsOperator,
  type NatsOperator,
  natsOperatorFromSeeds,
  type OperatorSeeds,
  seedsOf,
} from './operator.ts';

/** The operator of a directory, made and saved there when the directory has none. */
export const ensureNatsOperator = async (dir: string): Promise<NatsOperator> => {
  const saved = await loadNatsOperator(dir);
  if (saved !== null) return saved;
  const operator = await createNatsOperator();
  await saveNatsOperator(operator, dir);
  return operator;
};

/** Writes an operator's seeds into one file of mode 0600 in a directory of mode 0700. The file is whole or not there. */
export const saveNatsOperator = async (operator: NatsOperator, dir: string): Promise<void> => {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const path = fileIn(dir);
  const part = await open(`${path}.part`, 'w', 0o600);
  try {
    await part.chmod(0o600);
    await part.writeFile(`${JSON.stringify(seedsOf(operator))}\n`);
    await part.sync();
  } finally {
    await part.close();
  }
  await rename(`${path}.part`, path);
};

/** The operator saved in a directory; `null` when there is none. Refuses a file that others may read, or that holds no seeds. */
export const loadNatsOperator = async (dir: string): Promise<NatsOperator | null> => {
  const path = fileIn(dir);
  const text = await readPrivate(path);
  if (text === null) return null;
  try {
    return await natsOperatorFromSeeds(seeds.parse(JSON.parse(text)));
  } catch {
    // The reason is left out: it could repeat what is in the file.
    throw unreadable(path, 'not the seeds of a NATS operator', 'restore it from a backup');
  }
};

const fileIn = (dir: string): string => join(dir, 'nats-operator.json');

const seed = z.string().regex(/^S[OA][A-Z2-7]{56}$/);
const seeds: z.ZodType<OperatorSeeds> = z.strictObject({
  operator: seed,
  system: seed,
  hcc: seed,
  'hcc-signing': seed,
  miners: seed,
  'miners-signing': seed,
});

const readPrivate = async (path: string): Promise<string | null> => {
  const found = await stat(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  });
  if (found === null) return null;
  if ((found.mode & 0o077) !== 0) {
    const observed = `mode ${(found.mode & 0o777).toString(8)}, wanted 600`;
    throw unreadable(path, observed, `chmod 600 ${path}, and make new keys if others had access`);
  }
  return readFile(path, 'utf8');
};

const unreadable = (path: string, observed: string, fix: string): NatsError =>
  new NatsError('secrets-unreadable', `NATS keys at ${path}: ${observed}; ${fix}`, { path, observed });
