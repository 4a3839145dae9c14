import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { SimulatedProduct, SimulatedRoot } from '#attestation';
import { generateRootKeys, makeRoot, readRoot, writeRoot } from './root.ts';

/** When everything in specs happens. */
export const rootNotBeforeMs = Date.UTC(2026, 0, 1);
export const rootNotAfterMs = Date.UTC(2051, 0, 1);

/**
 * A root for specs. Its keys take seconds to make, so one per product and user is kept among the temporary files; a file
 * that cannot be read as a root is made anew.
 */
export const rootForSpecs = async (product: SimulatedProduct = 'milan'): Promise<SimulatedRoot> => {
  const folder = join(tmpdir(), `hcc-specs-${userInfo().uid}`);
  const file = join(folder, `root-2-${product}.pem`);
  const kept = await readFile(file, 'utf8').then(readRoot, () => null);
  if (kept !== null) return kept;
  const terms = { product, network: 'specs, "quoted"', notBeforeMs: rootNotBeforeMs, notAfterMs: rootNotAfterMs };
  const root = makeRoot(await generateRootKeys(), terms);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const written = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(written, writeRoot(root), { mode: 0o600 });
  await rename(written, file);
  return root;
};
