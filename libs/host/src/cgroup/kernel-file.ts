import { open } from 'node:fs/promises';
import { errnoOf, HostError } from '../errors.ts';
import { limits } from '../limits.ts';

/** The text of a file of /proc or /sys, which says no size before it is read. Reads at most a bounded part.
 *  Refuses with `kernel-file-unreadable`, naming `why` it was wanted. */
export async function readKernelFile(path: string, why: string): Promise<string> {
  const text = await readIfThere(path);
  if (text !== undefined) return text;
  throw new HostError('kernel-file-unreadable', `${path} cannot be read, wanted for ${why}`, { path });
}

/** The same, or undefined for a file that is not there or is not for us. */
export async function readIfThere(path: string): Promise<string | undefined> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const chunks: Buffer[] = [];
    for (let left: number = limits.kernelFileBytesMax; left > 0; ) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(left, 16 * 1024)), 0);
      if (bytesRead === 0) break;
      chunks.push(buffer.subarray(0, bytesRead));
      left -= bytesRead;
    }
    return Buffer.concat(chunks).toString('utf8');
  } catch (error) {
    // A process or a group that goes away while it is read answers ESRCH or ENODEV: it is not there.
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  } finally {
    await file.close();
  }
}
