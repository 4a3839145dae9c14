import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changeBytes, missingTools, openScene, type Scene } from './scene.ts';

const missing = await missingTools();
const reason = missing === '' ? '' : ` (skipped: no ${missing})`;
const sectorBytes = 4096;

describe.skipIf(missing !== '')(`a host that changes a sector of an owner's file, on a real QEMU${reason}`, () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await openScene();
  }, 300_000);
  afterAll(() => scene?.close());

  test.each([
    ['none', /^[0-9a-f]{64} {2}.*\ngoes on\n$/],
    ['hmac-sha256', /^.*(?:I\/O|Input\/output) error\ngoes on\n$/],
  ] as const)(
    'integrity %s: without tags its owner reads noise for it, with tags an error',
    async (integrity, read) => {
      const vm = await scene.newVm(integrity);
      const first = await scene.boot(vm);
      const { sshHostKey } = await first.ready;
      const say = (command: string) => scene.ssh(first, sshHostKey, command);
      await say('sync');
      const before = await readFile(scene.volumeOf(vm));
      const written = await say('dd if=/dev/urandom of=/var/file bs=1M count=8 2>/dev/null; sync; sha256sum /var/file');
      const after = await readFile(scene.volumeOf(vm));
      await first.kill();
      await changeBytes(scene.volumeOf(vm), middleOfChanged(before, after), randomBytes(sectorBytes));

      const second = await scene.boot(vm);
      await second.ready;
      const seen = await scene.ssh(second, sshHostKey, 'sha256sum /var/file 2>&1; echo goes on');
      expect(seen).toMatch(read);
      expect(seen).not.toContain(written);
      await second.kill();
    },
    300_000,
  );
});

/** Where the middle sector is of what was written most of in one piece: a file, and not what describes it. */
const middleOfChanged = (before: Buffer, after: Buffer): number => {
  const isChanged = (at: number) => before.compare(after, at, at + sectorBytes, at, at + sectorBytes) !== 0;
  let longest = { from: 0, bytes: 0 };
  for (let from = 0; from < after.length; ) {
    let to = from;
    while (to < after.length && isChanged(to)) to += sectorBytes;
    if (to - from > longest.bytes) longest = { from, bytes: to - from };
    from = to + sectorBytes;
  }
  expect(longest.bytes, 'the file is there').toBeGreaterThan(64 * sectorBytes);
  return longest.from + Math.floor(longest.bytes / 2 / sectorBytes) * sectorBytes;
};
