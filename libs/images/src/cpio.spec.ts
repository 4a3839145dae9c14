import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CpioEntry, cpioArchive } from './cpio.ts';

const entries: readonly CpioEntry[] = [
  { kind: 'file', path: 'bin/busybox', mode: 0o755, bytes: Buffer.from('program') },
  { kind: 'directory', path: 'bin', mode: 0o755 },
  { kind: 'link', path: 'bin/sh', target: 'busybox' },
  { kind: 'character-device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
];

describe('the initramfs archive', () => {
  test('given entries / when they are packed / then each is there, parents first, owned by root at time 0', () => {
    const read = readArchive(cpioArchive(entries));
    expect(read.map(({ path, mode, content }) => [path, mode.toString(8), content])).toEqual([
      ['bin', '40755', ''],
      ['bin/busybox', '100755', 'program'],
      ['bin/sh', '120777', 'busybox'],
      ['dev/console', '20600', ''],
    ]);
    for (const entry of read) expect([entry.uid, entry.gid, entry.mtime]).toEqual([0, 0, 0]);
    expect(read[3]).toMatchObject({ major: 5, minor: 1 });
  });

  test('given the same entries in any order / when they are packed / then the bytes are the same', () => {
    const wanted = Buffer.from(cpioArchive(entries));
    fc.assert(
      fc.property(fc.shuffledSubarray([...entries], { minLength: entries.length }), (shuffled) => {
        expect(Buffer.from(cpioArchive(shuffled)).equals(wanted)).toBe(true);
      }),
    );
  });

  test('given files of any length / when they are packed / then every part starts at a multiple of four', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 5 }), (files) => {
        const packed = files.map(
          (bytes, index): CpioEntry => ({ kind: 'file', path: `f${index}`, mode: 0o644, bytes }),
        );
        const read = readArchive(cpioArchive(packed));
        expect(read.map(({ content }) => content)).toEqual(files.map((bytes) => Buffer.from(bytes).toString('latin1')));
      }),
    );
  });
});

type ReadEntry = Record<'mode' | 'uid' | 'gid' | 'mtime' | 'major' | 'minor', number> & {
  path: string;
  content: string;
};

/** A reader written from the format's description, apart from the writer. */
function readArchive(bytes: Uint8Array): ReadEntry[] {
  const view = Buffer.from(bytes);
  const found: ReadEntry[] = [];
  for (let at = 0; ; ) {
    expect(view.toString('latin1', at, at + 6)).toBe('070701');
    const field = (index: number): number =>
      Number.parseInt(view.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
    const nameLength = field(11);
    const path = view.toString('utf8', at + 110, at + 110 + nameLength - 1);
    if (path === 'TRAILER!!!') return found;
    const start = Math.ceil((at + 110 + nameLength) / 4) * 4;
    const content = view.toString('latin1', start, start + field(6));
    const [mode, uid, gid, mtime, major, minor] = [field(1), field(2), field(3), field(5), field(9), field(10)];
    found.push({ path, content, mode, uid, gid, mtime, major, minor });
    at = Math.ceil((start + field(6)) / 4) * 4;
  }
}
