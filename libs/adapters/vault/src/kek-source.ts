import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { VaultError } from '#events';
import { limits } from './limits.ts';

/** Where a key-encryption key comes from: a file, or what a command (an argument array) writes to its stdout. */
export type KekSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'command'; readonly command: readonly string[] };

/** A command out of a JSON array of its words, as configuration gives it. Refuses with `kek-unusable`. */
export const kekCommand = (json: string): KekSource => {
  const command = wordsOf(json);
  if (command === null) {
    throw new VaultError(
      'kek-unusable',
      'the vault key command is no JSON array of words, wanted ["/path/to/program","argument"]',
    );
  }
  return { kind: 'command', command };
};

/** The key-encryption key, 32 bytes: 64 hex digits where it comes from. Its caller overwrites it. Refuses with `kek-unusable`. */
export const readKek = async (source: KekSource): Promise<Uint8Array> => {
  const from = source.kind === 'file' ? `the file ${source.path}` : `the command ${source.command[0]}`;
  const text = source.kind === 'file' ? await fileText(source.path) : await commandText(source.command);
  try {
    const hex = text.toString('latin1').trimEnd();
    if (/^[0-9a-f]{64}$/.test(hex)) return Uint8Array.from(Buffer.from(hex, 'hex'));
    throw unusable(
      `the vault key from ${from} has another form, wanted 64 hex digits (make one: openssl rand -hex 32)`,
    );
  } finally {
    text.fill(0);
  }
};

const fileText = async (path: string): Promise<Buffer> => {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw unusable(`the vault key cannot be read from ${path}: ${reasonOf(error)}`);
  });
  try {
    const { mode, size } = await file.stat();
    if ((mode & 0o077) !== 0) {
      const shown = (mode & 0o777).toString(8);
      throw unusable(`the vault key in ${path} has mode ${shown}, wanted 600 (run: chmod 600 ${path})`);
    }
    if (size > limits.keyTextBytesMax)
      throw unusable(`the vault key in ${path} has ${size} bytes, wanted 64 hex digits`);
    const text = Buffer.alloc(limits.keyTextBytesMax);
    const { bytesRead } = await file.read(text, 0, text.length, 0);
    return text.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
};

/** The key is on stdout only: never an argument, never a variable, and what the command says else is shown without long words. */
const commandText = ([program = '', ...words]: readonly string[]): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const options = { timeout: limits.commandMs, killSignal: 'SIGKILL', maxBuffer: limits.keyTextBytesMax } as const;
    const child = execFile(
      program,
      words,
      { ...options, encoding: 'buffer', shell: false },
      (error, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        stdout.fill(0);
        const how =
          error.killed === true
            ? `was ended (${limits.commandMs} ms and ${limits.keyTextBytesMax} bytes are the limits)`
            : `failed (${error.code ?? 'no exit code'})`;
        reject(unusable(`the vault key command ${program} ${how}${complaint(stderr)}`));
      },
    );
    child.stdin?.end();
  });

/** A program that complains may quote what it holds: a long run of what keys are written in is not repeated. */
const complaint = (stderr: Buffer): string => {
  const words = stderr
    .toString('utf8')
    .replace(/[A-Za-z0-9+/=_-]{24,}/g, '[...]')
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim();
  return words === '' ? '' : `: ${words.slice(0, limits.complaintCharsMax)}`;
};

const wordsOf = (json: string): readonly string[] | null => {
  let read: unknown;
  try {
    read = JSON.parse(json);
  } catch {
    return null;
  }
  const isWord = (word: unknown): word is string =>
    typeof word === 'string' && word.length <= limits.commandWordCharsMax;
  if (!Array.isArray(read) || read.length === 0 || read.length > limits.commandWordsMax) return null;
  return read.every(isWord) && read[0] !== '' ? read : null;
};

const unusable = (message: string): VaultError => new VaultError('kek-unusable', message);

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
