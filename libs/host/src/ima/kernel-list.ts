import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { endianness } from 'node:os';
import { join } from 'node:path';
import { errnoOf, HostError } from '../errors.ts';

/** A measurement list of this machine: a file to stream, and how it is written. */
export type ImaListFile = {
  readonly path: string;
  readonly form: 'ascii' | 'binary-little-endian' | 'binary-big-endian';
  /** `kernel`: Linux measured every file it was told to. `own`: a program measured its own files. */
  readonly measuredBy: 'kernel' | 'own';
};

/** The kernel's own list, binary where it is there; null where this kernel measures nothing. Refuses one it may not read. */
export async function readImaList(securityfs = '/sys/kernel/security'): Promise<ImaListFile | null> {
  const binary = endianness() === 'LE' ? 'binary-little-endian' : 'binary-big-endian';
  for (const [name, form] of [
    ['binary_runtime_measurements', binary],
    ['ascii_runtime_measurements', 'ascii'],
  ] as const) {
    const path = join(securityfs, 'ima', name);
    try {
      await access(path, constants.R_OK);
      return { path, form, measuredBy: 'kernel' };
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') continue;
      throw new HostError(
        'kernel-file-unreadable',
        `${path} cannot be read (${errnoOf(error) ?? String(error)}), wanted a readable list: run as root, or mount securityfs for this user`,
        { path },
      );
    }
  }
  return null;
}
