import type { LuksErrorCode } from '#luks';
import { badAnswer, usageError } from '../cli-error.ts';
import { shellWord } from '../output/text.ts';

type Files = { readonly file: string; readonly target: string };

/** What a person does about it; those who asked wrongly get exit code 2. */
const asked: Partial<Record<LuksErrorCode, (files: Files) => string>> = {
  'target-exists': () => 'name another file with --out',
  'target-busy': ({ target }) => `when no other run goes on: rm ${shellWord(`${target}.part`)}`,
  'source-unaligned': ({ file }) => `truncate -s %4096 ${shellWord(file)}`,
  'source-empty': () => 'name a disk with something on it',
  'header-field': () => 'give another --label',
  'keyslot-kdf-bounds': () => 'give another --kdf-memory',
};

const found: Partial<Record<LuksErrorCode, string>> = {
  'disk-full': 'make room, or name a file on another disk with --out',
  'source-length': 'encrypt a disk that nobody writes to',
  stopped: 'repeat the command',
};

/** A failure of the LUKS library as a person reads it. The library is loaded late, so its errors are known by their name. */
export const luksFailure = (error: unknown, files: Files): unknown => {
  if (!isLuks(error)) return error;
  const { code, message, observed, wanted } = error;
  const fix = asked[code];
  if (fix !== undefined) return usageError(code, message, { observed, wanted, fix: fix(files) });
  return badAnswer(code, message, { observed, wanted, fix: found[code] });
};

type Luks = Error & { readonly code: LuksErrorCode; readonly observed: string; readonly wanted: string };

const isLuks = (error: unknown): error is Luks => error instanceof Error && error.name === 'LuksError';
