import { readFile, stat } from 'node:fs/promises';
import { errnoOf } from '#host';

/** The text of a file, `null` when there is none. Refuses one longer than `bytesMax`, naming it. */
export const readSmallFile = async (path: string, bytesMax: number): Promise<string | null> => {
  try {
    const { size } = await stat(path);
    if (size > bytesMax) throw new Error(`${path} has ${size} bytes, wanted at most ${bytesMax}`);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
};
