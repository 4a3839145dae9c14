/** One entry of an initramfs. Owner is always root and time always 0: equal inputs give equal bytes. */
export type CpioEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly bytes: Uint8Array }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | {
      readonly kind: 'character-device';
      readonly path: string;
      readonly mode: number;
      readonly major: number;
      readonly minor: number;
    };

/** An uncompressed initramfs archive ("newc", Linux Documentation/driver-api/early-userspace/buffer-format).
 *  Entries are sorted by path, so parents come before children and the order of the input does not matter.
 *  Written here because a device node cannot be put into an archive by the cpio program without being root. */
export function cpioArchive(entries: readonly CpioEntry[]): Uint8Array {
  const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const parts = sorted.flatMap((entry, index) => member(entry, index + 1));
  parts.push(...record({ path: 'TRAILER!!!', inode: 0, mode: 0, links: 1, content: empty, major: 0, minor: 0 }));
  return Buffer.concat(parts);
}

const empty = new Uint8Array();
const kinds = { directory: 0o040000, file: 0o100000, link: 0o120000, 'character-device': 0o020000 } as const;

type NewcRecord = {
  readonly path: string;
  readonly inode: number;
  readonly mode: number;
  readonly links: number;
  readonly content: Uint8Array;
  readonly major: number;
  readonly minor: number;
};

function member(entry: CpioEntry, inode: number): Uint8Array[] {
  const common = { path: entry.path, inode, links: entry.kind === 'directory' ? 2 : 1, major: 0, minor: 0 };
  switch (entry.kind) {
    case 'directory':
      return record({ ...common, mode: kinds.directory | entry.mode, content: empty });
    case 'file':
      return record({ ...common, mode: kinds.file | entry.mode, content: entry.bytes });
    case 'link':
      return record({ ...common, mode: kinds.link | 0o777, content: Buffer.from(entry.target) });
    case 'character-device':
      return record({
        ...common,
        mode: kinds['character-device'] | entry.mode,
        content: empty,
        major: entry.major,
        minor: entry.minor,
      });
  }
}

function record(item: NewcRecord): Uint8Array[] {
  const name = Buffer.from(`${item.path}\0`);
  const fields = [item.inode, item.mode, 0, 0, item.links, 0, item.content.length, 0, 0, item.major, item.minor];
  const header = `070701${[...fields, name.length, 0].map(hex8).join('')}`;
  return [Buffer.from(header), name, padding(header.length + name.length), item.content, padding(item.content.length)];
}

function hex8(value: number): string {
  return value.toString(16).padStart(8, '0');
}

function padding(length: number): Uint8Array {
  return new Uint8Array((4 - (length % 4)) % 4);
}
