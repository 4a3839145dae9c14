import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errnoOf } from '#host';
import type { Cli } from '../../cli.ts';
import { type CliError, usageError } from '../../cli-error.ts';

/** Evidence and policies are small; the largest is an allow list of a whole distribution. */
export const evidenceBytesMax = 64 * 1024 * 1024;

/** All of a file that an option names. Refuses, by the option's name, what cannot be read or is larger than evidence is. */
export const readEvidence = async (cli: Cli, option: string, path: string): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of evidenceChunks(cli, option, path)) {
    bytes += chunk.length;
    if (bytes > evidenceBytesMax) {
      throw usageError('file-too-large', `${option} ${path} is no evidence`, {
        observed: `more than ${evidenceBytesMax} bytes`,
        wanted: `at most ${evidenceBytesMax} bytes`,
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

/** The same piece by piece, for lists and images that are longer than memory should be. */
export const evidenceChunks = async function* (cli: Cli, option: string, path: string): AsyncGenerator<Buffer> {
  try {
    // Opened without waiting: a named pipe must not stop us.
    const file = await open(resolve(cli.cwd, path), constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (!(await file.stat()).isFile()) throw unreadable(option, path, 'no regular file');
      for await (const chunk of file.createReadStream({ autoClose: false })) yield Buffer.from(chunk);
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    throw unreadable(option, path, code);
  }
};

/** The bytes an option gives in hex. Refuses anything else, and another length where one is wanted. */
export const hexOption = (option: string, text: string, lengths: readonly number[] = []): Buffer => {
  const digits = text.replace(/^0x/i, '').toLowerCase();
  const bytes = Buffer.from(digits, 'hex');
  const wanted = lengths.length === 0 ? 'bytes in hex' : `${lengths.join(', ')} bytes in hex`;
  if (bytes.toString('hex') !== digits || digits === '') {
    throw usageError('hex-malformed', `${option} "${text.slice(0, 40)}" is no hex`, { wanted });
  }
  if (lengths.length > 0 && !lengths.includes(bytes.length)) {
    throw usageError('hex-length', `${option} has another length`, { observed: `${bytes.length} bytes`, wanted });
  }
  return bytes;
};

const unreadable = (option: string, path: string, observed: string): CliError =>
  usageError('file-unreadable', `${option} ${path} cannot be read`, { observed, wanted: 'a file' });
