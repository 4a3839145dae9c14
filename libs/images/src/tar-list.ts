import { type FileHandle, open } from 'node:fs/promises';
import { ImageError } from './image-error.ts';
import { limits } from './limits.ts';

/** One member of a tar archive: what a file system keeps of it beside its content. Times are whole seconds since 1970. */
export type TarMember = {
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'link' | 'hard-link' | 'device';
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSeconds: number;
  readonly bytes: number;
};

/** What is in a tar archive (POSIX ustar with pax and GNU long names), in its order. Memory grows with the number of
 *  members, which is bounded, and never with their contents.
 *  Refuses with `package-unusable` what is damaged, has too many members, or names a path outside. Source: pax(1). */
export async function listTar(path: string): Promise<readonly TarMember[]> {
  const file = await open(path, 'r');
  try {
    return await readMembers(file);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ImageError('package-unusable', `${path} is a damaged tar archive: ${error.message}`, { path });
  } finally {
    await file.close();
  }
}

const blockBytes = 512;

async function readMembers(file: FileHandle): Promise<readonly TarMember[]> {
  const members: TarMember[] = [];
  let extended: Readonly<Record<string, string>> = {};
  for (let at = 0; ; ) {
    const header = await readAt(file, at, blockBytes);
    if (header.every((byte) => byte === 0)) return members;
    checkSum(header, at);
    const bytes = numberOf(header, 124, 12);
    const type = String.fromCharCode(header[156] ?? 0);
    const contentAt = at + blockBytes;
    at = contentAt + Math.ceil(bytes / blockBytes) * blockBytes;
    if ('xLK'.includes(type)) {
      if (bytes > limits.tarNameBytesMax) throw new RangeError(`a name of ${bytes} bytes`);
      extended = { ...extended, ...extension(type, await readAt(file, contentAt, bytes)) };
      continue;
    }
    if (type === 'g') continue;
    members.push(memberOf(header, type, bytes, extended));
    extended = {};
    if (members.length > limits.tarMembersMax) throw new RangeError(`more than ${limits.tarMembersMax} members`);
  }
}

function memberOf(header: Buffer, type: string, bytes: number, extended: Readonly<Record<string, string>>): TarMember {
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? textOf(header, 345, 155) : '';
  const short = textOf(header, 0, 100);
  const path = inside(extended.path ?? (prefix === '' ? short : `${prefix}/${short}`));
  const mtime = extended.mtime === undefined ? numberOf(header, 136, 12) : Math.floor(Number(extended.mtime));
  return {
    path,
    kind: kindOf(type, path),
    uid: extended.uid === undefined ? numberOf(header, 108, 8) : Number(extended.uid),
    gid: extended.gid === undefined ? numberOf(header, 116, 8) : Number(extended.gid),
    mtimeSeconds: mtime,
    bytes: extended.size === undefined ? bytes : Number(extended.size),
  };
}

/** `./usr/bin/` as `usr/bin`; the archive's own root as an empty text. */
function inside(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they would end a line of the commands made from this.
  if (parts.includes('..') || /["\u0000-\u001f]/.test(path)) throw new RangeError(`the name ${JSON.stringify(path)}`);
  return parts.join('/');
}

function kindOf(type: string, path: string): TarMember['kind'] {
  switch (type) {
    case '0':
    case '\0':
    case '7':
      return 'file';
    case '1':
      return 'hard-link';
    case '2':
      return 'link';
    case '3':
    case '4':
    case '6':
      return 'device';
    case '5':
      return 'directory';
    default:
      throw new RangeError(`${path} of the unknown type ${JSON.stringify(type)}`);
  }
}

/** The fields of a pax header, or the one of a GNU long name. */
function extension(type: string, content: Buffer): Readonly<Record<string, string>> {
  if (type !== 'x') return { [type === 'L' ? 'path' : 'linkpath']: textOf(content, 0, content.length) };
  const fields: Record<string, string> = {};
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(0x20, at);
    const length = Number(content.toString('latin1', at, Math.max(at, space)));
    if (space < 0 || !Number.isSafeInteger(length) || length <= space - at) throw new RangeError('a pax header');
    const record = content.toString('utf8', space + 1, at + length - 1);
    const equals = record.indexOf('=');
    fields[record.slice(0, equals)] = record.slice(equals + 1);
    at += length;
  }
  return fields;
}

/** Octal text, or GNU's binary form of what is too large for it. */
function numberOf(header: Buffer, at: number, length: number): number {
  if (((header[at] ?? 0) & 0x80) !== 0) return Number(BigInt.asUintN(63, header.readBigUInt64BE(at + length - 8)));
  const text = textOf(header, at, length).trim();
  if (text === '') return 0;
  if (!/^[0-7]+$/.test(text)) throw new RangeError(`the number ${JSON.stringify(text)}`);
  return Number.parseInt(text, 8);
}

function textOf(bytes: Buffer, at: number, length: number): string {
  const end = bytes.indexOf(0, at);
  return bytes.toString('utf8', at, end < 0 || end > at + length ? at + length : end);
}

function checkSum(header: Buffer, at: number): void {
  const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0);
  if (numberOf(header, 148, 8) !== sum) throw new RangeError(`the checksum of the header at byte ${at}`);
}

async function readAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, at);
  if (bytesRead < length) throw new RangeError(`it ends at byte ${at + bytesRead}, in the middle of a member`);
  return buffer;
}
