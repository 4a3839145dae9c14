import { ImageError } from '../image-error.ts';

/** The regular files of an uncompressed "newc" archive by path, as views of its bytes: what `cpioArchive` wrote.
 *  Refuses with `image-corrupt` what is no such archive or ends early. Pure. */
export function readCpioFiles(bytes: Uint8Array, where: string): ReadonlyMap<string, Uint8Array> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const files = new Map<string, Uint8Array>();
  for (let at = 0; ; ) {
    const { path, mode, content, next } = readMember(view, at, where);
    if (path === 'TRAILER!!!') return files;
    if ((mode & kindMask) === regularFile) files.set(path, content);
    at = next;
  }
}

const headerBytes = 110;
const kindMask = 0o170000;
const regularFile = 0o100000;

function readMember(view: Buffer, at: number, where: string) {
  if (at + headerBytes > view.length || view.toString('latin1', at, at + 6) !== '070701') throw corrupt(where, at);
  const field = (index: number): number => {
    const text = view.toString('latin1', at + 6 + 8 * index, at + 14 + 8 * index);
    if (!/^[0-9a-f]{8}$/i.test(text)) throw corrupt(where, at);
    return Number.parseInt(text, 16);
  };
  const [mode, size, nameBytes] = [field(1), field(6), field(11)];
  const contentAt = padded(at + headerBytes + nameBytes);
  const end = contentAt + size;
  if (nameBytes < 2 || end > view.length) throw corrupt(where, at);
  const path = view.toString('utf8', at + headerBytes, at + headerBytes + nameBytes - 1);
  return { path, mode, content: view.subarray(contentAt, end), next: padded(end) };
}

function padded(offset: number): number {
  return Math.ceil(offset / 4) * 4;
}

function corrupt(where: string, at: number): ImageError {
  return new ImageError('image-corrupt', `${where} is not a RAM disk of ours at byte ${at}; build the image again`, {
    where,
    at,
  });
}
