import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '../errors.ts';
import { limits } from '../limits.ts';

/** A VM's console on disk: `serial.log`, and one older file named after the offset it begins at. Every byte the guest
 *  ever printed has its offset, so that a reader who comes back knows what it missed. */
export type ConsoleLog = {
  /** Takes what the guest printed. A disk that refuses loses it, and the log says how much once it can. Never rejects. */
  append(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
};

/** Opens the log at `path` for appending; the files hold at most `fileBytesMax` each, two of them. Refuses as the disk does. */
export async function openConsoleLog(
  path: string,
  fileBytesMax: number = limits.consoleFileBytesMax,
): Promise<ConsoleLog> {
  let file = await open(path, 'a', 0o600);
  let size = (await file.stat()).size;
  let lost = 0;

  const turn = async (): Promise<void> => {
    const { start, older } = await consoleFiles(path);
    // Made first: where there is no room for another file, this one goes on being written once there is.
    const next = await open(`${path}.next`, 'w', 0o600);
    try {
      await rename(path, `${path}.${offsetName(start)}`);
      await rename(`${path}.next`, path);
    } catch (error) {
      await next.close();
      throw error;
    }
    await file.close();
    [file, size] = [next, 0];
    for (const each of older) await rm(each.path, { force: true });
  };
  const write = async (bytes: Uint8Array): Promise<void> => {
    for (let at = 0; at < bytes.length; ) {
      if (size >= fileBytesMax) await turn();
      const { bytesWritten } = await file.write(bytes, at, Math.min(bytes.length - at, fileBytesMax - size));
      size += bytesWritten;
      at += bytesWritten;
    }
  };
  return {
    append: async (bytes) => {
      try {
        if (lost > 0) await write(Buffer.from(`\n[hcc: ${lost} bytes are lost: the host's disk was full]\n`));
        lost = 0;
        await write(bytes);
      } catch (error) {
        if (errnoOf(error) === undefined) throw error;
        lost += bytes.length;
      }
    },
    close: () => file.close(),
  };
}

/** A part of a console. `start` and `end` are offsets in everything the guest ever printed. */
export type ConsolePart = { readonly text: string; readonly start: number; readonly end: number };

/** The last `bytesMax` bytes of the console at `path`, or what came `after` an offset, as far as it is still there:
 *  then at most `bytesMax` from there on. Empty when nothing was printed. */
export async function readConsole(path: string, wanted: { bytesMax: number; after?: number }): Promise<ConsolePart> {
  for (let tries = 0; tries < turnsMax; tries += 1) {
    const before = await consoleFiles(path);
    const part = await readPart(before, path, wanted);
    // Files that turned while they were read would give the same bytes twice, or none.
    if ((await consoleFiles(path)).start === before.start) return part;
  }
  throw new Error(`${path} turned ${turnsMax} times while it was read; ask again`);
}

/** A reader is far faster than a guest prints a file full, so one turn is already rare. */
const turnsMax = 5;

type Files = {
  /** Offset at which the current file begins. */
  readonly start: number;
  /** Oldest first. */
  readonly older: readonly { readonly path: string; readonly start: number; readonly size: number }[];
};

async function consoleFiles(path: string): Promise<Files> {
  const names = await readdir(dirname(path)).catch(unlessMissing);
  const prefix = `${basename(path)}.`;
  const older: { path: string; start: number; size: number }[] = [];
  for (const name of (names ?? []).sort()) {
    const digits = name.startsWith(prefix) ? name.slice(prefix.length) : '';
    if (!/^\d{16}$/.test(digits)) continue;
    const found = await stat(join(dirname(path), name)).catch(unlessMissing);
    if (found !== undefined) older.push({ path: join(dirname(path), name), start: Number(digits), size: found.size });
  }
  const newest = older.at(-1);
  return { start: newest === undefined ? 0 : newest.start + newest.size, older };
}

async function readPart(
  { start, older }: Files,
  path: string,
  { bytesMax, after }: { bytesMax: number; after?: number },
): Promise<ConsolePart> {
  const size = (await stat(path).catch(unlessMissing))?.size ?? 0;
  const end = start + size;
  const first = older[0]?.start ?? start;
  // An offset above what there is comes from another disk or a console that was begun anew: the end is shown.
  const from = after === undefined || after > end ? Math.max(first, end - bytesMax) : Math.max(first, after);
  const to = Math.min(end, from + bytesMax);
  const chunks: Buffer[] = [];
  for (const each of [...older, { path, start, size }]) {
    const [low, high] = [Math.max(from, each.start), Math.min(to, each.start + each.size)];
    if (low < high) chunks.push(await readRange(each.path, low - each.start, high - low));
  }
  const bytes = Buffer.concat(chunks);
  return { text: bytes.toString('utf8'), start: from, end: from + bytes.length };
}

async function readRange(path: string, at: number, length: number): Promise<Buffer> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r').catch(unlessMissing);
    if (file === undefined) return Buffer.alloc(0);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file?.close();
  }
}

/** Sixteen digits: more than any guest prints, and names that sort by number. */
function offsetName(offset: number): string {
  return offset.toString().padStart(16, '0');
}

function unlessMissing(error: unknown): undefined {
  if (errnoOf(error) !== 'ENOENT') throw error;
}
