import { readFileSync } from 'node:fs';

/**
 * What is in a file, or null where there is none. At once, like all that a boot does with files: nothing else runs in its
 * machine meanwhile, and each step that goes through Node's threads instead takes a millisecond under emulation.
 */
export const readIfThere = (path: string): Buffer | null => {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
};
