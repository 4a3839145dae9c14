import { ImageError } from './image-error.ts';
import { limits } from './limits.ts';

/** What the first bytes of a disk say it is. `virtualBytes` is what a guest would see. */
export type DiskHeader = { readonly format: 'qcow2' | 'raw'; readonly virtualBytes: number };

/** Reads a disk's format from its first bytes (at least `diskHeaderBytes`, or all there are) and its length. Pure.
 *  Refuses with `not-a-disk` what is no disk or a damaged one, with `disk-refers-elsewhere` one that would make QEMU read
 *  other files of the host, with `image-too-large` what a guest would see as more than `imageBytesMax`.
 *  Source: QEMU, docs/interop/qcow2.txt. */
export function readDiskHeader(bytes: Uint8Array, fileBytes: number): DiskHeader {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = isQcow2(head) ? readQcow2(head, fileBytes) : readRaw(head, fileBytes);
  if (header.virtualBytes <= limits.imageBytesMax) return header;
  const observed = `${header.virtualBytes} bytes`;
  throw new ImageError(
    'image-too-large',
    `the disk is ${observed} large, wanted at most ${limits.imageBytesMax}; shrink it first`,
    { observed: header.virtualBytes, wanted: limits.imageBytesMax },
  );
}

/** How many of a disk's first bytes are looked at: a qcow2 header with its extensions ends within one cluster. */
export const diskHeaderBytes = 2 * 1024 * 1024;

const isQcow2 = (head: Buffer): boolean => head.length >= 4 && head.readUInt32BE(0) === 0x514649fb;

function readQcow2(head: Buffer, fileBytes: number): DiskHeader {
  try {
    const version = head.readUInt32BE(4);
    if (version !== 2 && version !== 3) throw damaged(`version ${version}`, '2 or 3');
    if (head.readBigUInt64BE(8) !== 0n) throw refersTo('a backing file');
    const clusterBits = head.readUInt32BE(20);
    // More is an error for QEMU too; less would make its tables absurdly large.
    if (clusterBits < 9 || clusterBits > 21) throw damaged(`clusters of 2^${clusterBits} bytes`, '2^9 to 2^21');
    const virtualBytes = sizeOf(head.readBigUInt64BE(24), 'a size');
    if (virtualBytes === 0) throw damaged('a size of 0 bytes', 'more');
    if (head.readUInt32BE(32) !== 0)
      throw damaged('encrypted content', 'a disk that is not encrypted in its container');
    checkTables(head, { clusterBytes: 2 ** clusterBits, virtualBytes, fileBytes });
    if (version === 3) checkVersion3(head, 2 ** clusterBits);
    return { format: 'qcow2', virtualBytes };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw damaged('a header that ends too early', 'a whole one');
  }
}

type Geometry = { readonly clusterBytes: number; readonly virtualBytes: number; readonly fileBytes: number };

/** The tables begin on clusters inside the file and are as long as the disk's size needs: QEMU reads them into memory. */
function checkTables(head: Buffer, { clusterBytes, virtualBytes, fileBytes }: Geometry): void {
  const l1Entries = head.readUInt32BE(36);
  const perEntry = clusterBytes * (clusterBytes / 8);
  const wanted = Math.ceil(virtualBytes / perEntry);
  // An extended L2 table maps half as much.
  if (l1Entries < wanted || l1Entries > 2 * wanted + 1) throw damaged(`${l1Entries} L1 entries`, `${wanted}`);
  const places = [
    { what: 'the L1 table', at: sizeOf(head.readBigUInt64BE(40), 'an offset'), bytes: l1Entries * 8 },
    {
      what: 'the refcount table',
      at: sizeOf(head.readBigUInt64BE(48), 'an offset'),
      bytes: head.readUInt32BE(56) * clusterBytes,
    },
  ];
  for (const { what, at, bytes } of places) {
    if (at === 0 || at % clusterBytes !== 0 || at + bytes > fileBytes) {
      throw damaged(`${what} of ${bytes} bytes at ${at}`, `a cluster inside the ${fileBytes} bytes of the file`);
    }
  }
  const snapshots = head.readUInt32BE(60);
  if (snapshots !== 0) throw damaged(`${snapshots} snapshots inside`, 'none; qemu-img convert leaves them out');
}

const features = { dirty: 1n, corrupt: 2n, externalData: 4n, compression: 8n, extendedL2: 16n } as const;
const extensions = { end: 0, backingFormat: 0xe2792aca, externalDataName: 0x44415441 } as const;

function checkVersion3(head: Buffer, clusterBytes: number): void {
  const incompatible = head.readBigUInt64BE(72);
  if ((incompatible & features.externalData) !== 0n) throw refersTo('an external data file');
  const unknown = incompatible & ~(features.compression | features.extendedL2);
  if (unknown !== 0n)
    throw damaged(`the features ${unknown} (dirty, corrupt or unknown)`, 'a disk that was closed well');
  const order = head.readUInt32BE(96);
  if (order > 6) throw damaged(`refcounts of 2^${order} bits`, 'at most 2^6');
  const headerBytes = head.readUInt32BE(100);
  if (headerBytes < 104 || headerBytes > clusterBytes) throw damaged(`a header of ${headerBytes} bytes`, '104 or more');
  for (let at = headerBytes, seen = 0; ; seen += 1) {
    if (seen > limits.qcowExtensionsMax) throw damaged(`more than ${seen - 1} extensions`, 'fewer');
    const type = head.readUInt32BE(at);
    const length = head.readUInt32BE(at + 4);
    if (type === extensions.end) return;
    if (type === extensions.externalDataName) throw refersTo('an external data file');
    if (type === extensions.backingFormat) throw refersTo('a backing file');
    at += 8 + Math.ceil(length / 8) * 8;
    if (at > clusterBytes) throw damaged('extensions beyond the first cluster', 'them inside it');
  }
}

/** What begins with these bytes is something else, and what to do about it. */
const others: readonly (readonly [magic: string, name: string])[] = [
  ['4c554b53babe', 'LUKS, whose key whoever fills a disk from it needs (--sealed --key-file)'],
  ['1f8b', 'gzip; unpack it first'],
  ['fd377a585a', 'xz; unpack it first'],
  ['28b52ffd', 'zstd; unpack it first'],
  ['425a68', 'bzip2; unpack it first'],
  ['504b0304', 'a zip archive; unpack it first'],
  ['4b444d56', 'a VMDK; qemu-img convert makes a qcow2 of it'],
  ['7668647866696c65', 'a VHDX; qemu-img convert makes a qcow2 of it'],
  ['636f6e6563746978', 'a VHD; qemu-img convert makes a qcow2 of it'],
  // `<!`, `<?`, `<h`, `<H`: a disk may begin with `<` alone.
  ...['3c21', '3c3f', '3c68', '3c48'].map(
    (magic) => [magic, 'a web page; is the address that of the file itself?'] as const,
  ),
];

/** Where a file system or a partition table says what it is, in a disk without a container. */
const marks: readonly (readonly [at: number, magic: string])[] = [
  [510, '55aa'],
  [512, '4546492050415254'],
  [1080, '53ef'],
  [0, '58465342'],
  [0x10040, '5f42485266535f4d'],
  [0, '68737173'],
];

function readRaw(head: Buffer, fileBytes: number): DiskHeader {
  const other = others.find(([magic]) => startsWith(head, 0, magic));
  if (other !== undefined) throw damaged(other[1], 'a qcow2 or raw disk');
  if (fileBytes === 0 || fileBytes % 512 !== 0) throw damaged(`${fileBytes} bytes`, 'whole sectors of 512');
  if (!marks.some(([at, magic]) => startsWith(head, at, magic))) {
    throw damaged('neither a partition table nor a file system', 'a qcow2 or raw disk');
  }
  return { format: 'raw', virtualBytes: fileBytes };
}

function startsWith(head: Buffer, at: number, magic: string): boolean {
  const wanted = Buffer.from(magic, 'hex');
  return head.subarray(at, at + wanted.length).equals(wanted);
}

function sizeOf(value: bigint, what: string): number {
  if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw damaged(`${what} of ${value} bytes`, 'one that a disk can have');
}

function damaged(observed: string, wanted: string): ImageError {
  return new ImageError('not-a-disk', `not a disk that can be used: it has ${observed}, wanted ${wanted}`, {
    observed,
    wanted,
  });
}

function refersTo(what: string): ImageError {
  return new ImageError(
    'disk-refers-elsewhere',
    `the disk names ${what}, and a VM of it would read that file of the host; make it whole: qemu-img convert -O qcow2 IN OUT`,
    { observed: what, wanted: 'a disk that is whole in itself' },
  );
}
