import { open } from 'node:fs/promises';
import { errnoOf } from '#host';

/** The last bytes of a file as text, empty when there is no file. Reads no more than asked, however long it is. */
export const readTail = async (path: string, bytesMax: number): Promise<string> => {
  const file = await open(path, 'r').catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return null;
  });
  if (file === null) return '';
  try {
    const { size } = await file.stat();
    const length = Math.min(size, bytesMax);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
};
