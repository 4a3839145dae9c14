import { open, rename, stat } from 'node:fs/promises';
import { z } from 'zod';
import { errnoOf } from '#host';
import { limits } from '../limits.ts';

/** The last lines of a log from `offset` on, in words: of a JSON line its message, of any other the line. */
export const logTail = async (path: string, offset: number): Promise<readonly string[]> =>
  lastWords(await readTail(path, offset));

/** The end of a log from `offset` on, at most a few pages; nothing of one that is not there. */
export const readTail = async (path: string, offset: number): Promise<string> => {
  try {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      const from = Math.max(offset, size - limits.logTailBytes);
      const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.max(0, size - from)), 0, undefined, from);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    throw error;
  }
};

/** The last lines of a text that say something. Pure. */
export const lastWords = (text: string): readonly string[] =>
  text
    .split('\n')
    .map(wordsOf)
    .filter((line) => line !== '' && !isNoise(line))
    .slice(-limits.logLinesShown);

const said = z.looseObject({ time: z.iso.datetime(), msg: z.string() });
export type Said = z.infer<typeof said>;

/** What the last entry since a time that `wordsBy` has words for comes to; null while there is none. Pure. */
export const lastSaid = (
  log: string,
  sinceMs: number,
  wordsBy: Readonly<Record<string, (entry: Said) => string>>,
): string | null => {
  const found = log.split('\n').flatMap((line) => {
    const entry = entryOf(line);
    const words = entry === null || Date.parse(entry.time) < sinceMs ? undefined : wordsBy[entry.msg]?.(entry);
    return words === undefined ? [] : [words];
  });
  return found.at(-1) ?? null;
};

const entryOf = (line: string): Said | null => {
  if (!line.startsWith('{')) return null;
  try {
    return said.parse(JSON.parse(line));
  } catch {
    // The tail begins, or ends, in the middle of a line.
    return null;
  }
};

/** A log's length now, after setting aside one that has grown too long for a person. */
export const beginLog = async (path: string): Promise<number> => {
  const size = await sizeOf(path);
  if (size <= limits.logBytesMax) return size;
  await rename(path, `${path}.1`);
  return 0;
};

/** Lines of a crash that only say where in Node it was. */
const isNoise = (line: string): boolean =>
  /^(at |[{}\]^]|code: |requireStack|throw |node:internal|Node\.js v)/.test(line);

const sizeOf = async (path: string): Promise<number> => {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 0;
    throw error;
  }
};

const wordsOf = (line: string): string => {
  if (!line.startsWith('{')) return line.trim();
  try {
    const entry: unknown = JSON.parse(line);
    if (typeof entry !== 'object' || entry === null) return line;
    const said = 'msg' in entry && typeof entry.msg === 'string' ? entry.msg : line;
    const why = 'err' in entry && typeof entry.err === 'object' && entry.err !== null ? entry.err : {};
    return 'message' in why && why.message !== said ? `${said}: ${String(why.message)}` : said;
  } catch {
    return line;
  }
};
