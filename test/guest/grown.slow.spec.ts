import { stat, truncate } from 'node:fs/promises';
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

  test('given a guest that is killed as its disk grows / when it boots again / then it grows on, and the kernel uses all of it', async () => {
    const vm = await scene.newVm('none', gibibyte);
    const first = await scene.boot(vm);
    await first.ready;
    await first.kill();
    await truncate(scene.volumeOf(vm), 6 * gibibyte);
    const grown = await scene.boot(vm);
    const says = (name: string) => grown.said.some((one) => one.type === 'stage' && one.name === name);
    const often = { timeout: 120_000, interval: 2 };
    await expect.poll(() => says('opening'), often).toBe(true);
    const took = async () => (await stat(scene.volumeOf(vm))).blocks * 512;
    const before = await took();
    await expect.poll(took, often).toBeGreaterThan(before + 1024 ** 2);
    await grown.kill();
    expect(says('unlocked'), 'it had not grown all of it').toBe(false);

    const again = await scene.boot(vm);
    const { sshHostKey } = await again.ready;
    // A head and 48 groups of 128 MiB. A mount puts into the superblock what only the journal knew of, and not into the
    // kernel's own count.
    expect(await scene.ssh(again, sshHostKey, 'cat /proc/fs/ext4/*/mb_groups | wc -l')).toBe('49\n');
    await again.kill();
  }, 360_000);
});
