import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { hcc } from './cluster.ts';

/** A copy of the build, to be tampered with: its programs run from there and are measured there. */
export type PrivateBuild = {
  /** Its `hcc`. */
  readonly program: string;
  readonly path: (file: string) => string;
  readonly remove: () => void;
};

/** Copies the build. What only the image of the system VM is made from, and the packages, are the shared ones. */
export const copyBuild = (): PrivateBuild => {
  const dir = mkdtempSync(join(tmpdir(), 'hcc-build-'));
  for (const copied of ['dist', 'package.json', 'package-lock.json']) {
    cpSync(copied, join(dir, copied), { recursive: true });
  }
  for (const shared of ['apps', 'libs', 'node_modules']) symlinkSync(resolve(shared), join(dir, shared));
  return {
    program: join(dir, hcc),
    path: (file) => join(dir, file),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
};
