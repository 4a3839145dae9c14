import { truncate } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingTools, openScene, type Scene } from './scene.ts';

const missing = await missingTools();
const reason = missing === '' ? '' : ` (skipped: no ${missing})`;
const gibibyte = 1024 ** 3;

describe.skipIf(missing !== '')(`a VM whose disk grew, on a real QEMU${reason}`, () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await openScene();
  }, 240_000);
  afterAll(() => scene?.close());

  test('given a guest that is killed as soon as its disk has grown / when it boots again / then the kernel uses all of it', async () => {
    const vm = await scene.newVm('none', gibibyte);
    const first = await scene.boot(vm);
    await first.ready;
    await first.kill();
    await truncate(scene.volumeOf(vm), 6 * gibibyte);
    const grown = await scene.boot(vm);
    const isGrown = () => grown.said.some((one) => one.type === 'stage' && one.name === 'unlocked');
    await expect.poll(isGrown, { timeout: 120_000, interval: 5 }).toBe(true);
    await grown.kill();

    const again = await scene.boot(vm);
    const { sshHostKey } = await again.ready;
    // A head and 48 groups of 128 MiB: what only the journal knew of is in the superblock after a mount, and in the kernel's
    // own count not yet.
    expect(await scene.ssh(again, sshHostKey, 'cat /proc/fs/ext4/*/mb_groups | wc -l')).toBe('49\n');
    await again.kill();
  }, 360_000);
});
