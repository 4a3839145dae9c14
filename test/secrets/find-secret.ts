import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a secret may not be: files, block devices, and directories with all files in them; processes by their id. */
export type Places = { readonly paths: readonly string[]; readonly pids?: readonly number[] };

/** Where it was found, and in which form. */
export type Found = { readonly place: string; readonly form: string };

/**
 * Searches places for a secret: as its bytes, in hex of either case, and in base64 and base64url however it is aligned to what
 * stands around it. Of a process, its environment and its command line. Something that is gone before it is read is no place;
 * anything else that cannot be read fails, because what was not looked at was not searched.
 */
export const findSecret = async (secret: Uint8Array, { paths, pids = [] }: Places): Promise<readonly Found[]> => {
  if (secret.length < secretBytesMin) throw new RangeError(`a secret of ${secret.length} bytes is found anywhere`);
  const forms = formsOf(secret);
  const found: Found[] = [];
  for (const path of paths) {
    if ((await stat(path).catch(() => null)) === null) throw new Error(`there is no ${path} to search`);
    for await (const file of filesIn(path)) found.push(...(await searchFile(file, forms)));
  }
  for (const pid of pids) {
    for (const what of ['environ', 'cmdline']) {
      const place = `/proc/${pid}/${what}`;
      const bytes = await readFile(place).catch(gone);
      if (bytes !== null) found.push(...hits(bytes, forms).map((form) => ({ place, form })));
    }
  }
  return found;
};

type Form = { readonly name: string; readonly bytes: Buffer };

/** A key of fewer bytes has a base64 form that stands in half of all files. */
const secretBytesMin = 16;
const pieceBytes = 4 * 1024 * 1024;
const blank = Buffer.alloc(pieceBytes);

const formsOf = (secret: Uint8Array): readonly Form[] => {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  const texts = [
    { name: 'hex', text: hex },
    { name: 'HEX', text: hex.toUpperCase() },
    ...[0, 1, 2].flatMap((shift) => [
      { name: `base64+${shift}`, text: inner(bytes, shift, 'base64') },
      { name: `base64url+${shift}`, text: inner(bytes, shift, 'base64url') },
    ]),
  ];
  return [{ name: 'raw', bytes }, ...texts.map(({ name, text }) => ({ name, bytes: Buffer.from(text) }))];
};

/** The digits that hang on the secret alone when `shift` bytes of something else stand before it in their group of three. */
const inner = (secret: Buffer, shift: number, form: 'base64' | 'base64url'): string => {
  const digits = Buffer.concat([Buffer.alloc(shift), secret])
    .toString(form)
    .replace(/=+$/, '');
  const from = Math.ceil((shift * 8) / 6);
  const to = Math.floor(((shift + secret.length) * 8) / 6);
  return digits.slice(from, to);
};

/** The devices and files that memory of this machine is swapped to, by what its /proc/swaps says; none for a kernel without. */
export const swapPlaces = (swaps: string): readonly string[] =>
  swaps
    .split('\n')
    .slice(1)
    .flatMap((line) => line.split(/\s/).slice(0, 1))
    .filter((name) => name !== '')
    .map((name) =>
      name.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8))),
    );

async function* filesIn(path: string): AsyncGenerator<string> {
  const entry = await stat(path).catch(gone);
  if (entry?.isFile() === true || entry?.isBlockDevice() === true) yield path;
  if (entry?.isDirectory() !== true) return;
  for (const one of (await readdir(path, { withFileTypes: true }).catch(gone)) ?? []) {
    const inside = join(path, one.name);
    if (one.isFile()) yield inside;
    if (one.isDirectory()) yield* filesIn(inside);
  }
}

/** In pieces, each with the end of the one before it: a secret across two of them is one all the same. */
const searchFile = async (path: string, forms: readonly Form[]): Promise<readonly Found[]> => {
  const file = await open(path, 'r').catch(gone);
  if (file === null) return [];
  const longest = Math.max(...forms.map(({ bytes }) => bytes.length));
  const seen = new Set<string>();
  try {
    const buffer = Buffer.alloc(longest + pieceBytes);
    let kept = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, kept, pieceBytes, null);
      if (bytesRead === 0) break;
      const filled = kept + bytesRead;
      const isBlank = buffer.compare(blank, 0, bytesRead, kept, filled) === 0;
      // Of a hole, only what may end something: most of a sparse file of gibibytes is nothing else.
      const searched = isBlank ? Math.min(filled, 2 * longest) : filled;
      for (const form of hits(buffer.subarray(0, searched), forms)) seen.add(form);
      kept = Math.min(longest, filled);
      buffer.copyWithin(0, filled - kept, filled);
    }
  } finally {
    await file.close();
  }
  return [...seen].map((form) => ({ place: path, form }));
};

const hits = (bytes: Buffer, forms: readonly Form[]): readonly string[] =>
  forms.filter((form) => bytes.includes(form.bytes)).map(({ name }) => name);

const gone = (error: unknown): null => {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return null;
  throw error;
};
