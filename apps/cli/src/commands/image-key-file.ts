import { type FileHandle, open } from 'node:fs/promises';
import { errnoOf } from '#host';
import { usageError } from '../cli-error.ts';
import { limits } from '../limits.ts';
import { shellWord } from '../output/text.ts';

/**
 * The bytes of a key file, each of them. Refuses one that others may read, and one too short to be a key. The caller zeroes
 * what it got. Nothing of the content is in an error.
 */
export const readKeyFile = async (path: string): Promise<Buffer> => {
  const file = await openGiven(path, 'key file');
  try {
    const { mode, size } = await file.stat();
    if ((mode & 0o077) !== 0) {
      throw usageError('key-file-open', `others may read or write the key file ${path}`, {
        observed: `mode ${(mode & 0o777).toString(8)}`,
        wanted: 'mode 600 or 400',
        fix: `chmod 600 ${shellWord(path)}; if others could have read it, make a new key`,
      });
    }
    if (size < limits.keyFileBytesMin || size > limits.keyFileBytesMax) {
      throw usageError(
        'key-file-length',
        `the key file ${path} is too ${size < limits.keyFileBytesMin ? 'short' : 'long'}`,
        {
          observed: `${size} bytes`,
          wanted: `${limits.keyFileBytesMin} to ${limits.keyFileBytesMax} bytes`,
          fix: '(umask 077; head -c 64 /dev/urandom > KEY)',
        },
      );
    }
    const bytes = Buffer.alloc(size);
    const { bytesRead } = await file.read(bytes, 0, size, 0);
    if (bytesRead === size) return bytes;
    bytes.fill(0);
    throw usageError('key-file-length', `the key file ${path} became shorter while it was read`);
  } finally {
    await file.close();
  }
};

/** Opens a regular file that the command line named, for reading. */
export const openGiven = async (path: string, what: string): Promise<FileHandle> => {
  const unreadable = (observed: string | undefined) =>
    usageError('file-unreadable', `the ${what} ${path} cannot be read`, { observed, wanted: 'a file you may read' });
  const file = await open(path, 'r').catch((error: unknown) => {
    throw unreadable(errnoOf(error));
  });
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw unreadable('no regular file');
};
