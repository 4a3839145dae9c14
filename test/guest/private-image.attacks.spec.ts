import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findSecret } from '../secrets/find-secret.ts';
import type { KnownVm } from './network-side.ts';
import { changeBytes, lastWords, missingTools, openScene, type Scene } from './scene.ts';
import type { Changes } from './sealed-vm.ts';

const missing = await missingTools();
const reason = missing === '' ? '' : ` (skipped: no ${missing})`;
const mebibyte = 1024 * 1024;

describe.skipIf(missing !== '')(`a VM of a private image, on a real QEMU${reason}`, { timeout: 180_000 }, () => {
  const imageKey = randomBytes(64);
  let scene: Scene;

  beforeAll(async () => {
    scene = await openScene({ imageKey });
  }, 240_000);
  afterAll(() => scene?.close());

  /** The last words of the first boot of a new VM. */
  const attacked = async (known: (vm: KnownVm) => Partial<KnownVm>, changes: Changes = {}): Promise<string> => {
    const vm = await scene.newVm();
    const boot = await scene.boot({ ...vm, ...known(vm) }, changes);
    const words = await lastWords(boot);
    expect(await boot.console()).not.toContain('handing over to the disk');
    return words;
  };
  const imageOf = ({ image }: KnownVm) => image ?? { headerSha256: '', key: new Uint8Array() };

  test('its disk is filled with what its owner encrypted, boots without the image after that, and its host never sees the key', async () => {
    const vm = await scene.newVm();
    const first = await scene.boot(vm);
    const { sshHostKey } = await first.ready;
    expect(await scene.ssh(first, sshHostKey, 'hostname; cat /var/lib/hcc/boot-counter; sync')).toBe('sealed-vm\n1\n');
    expect(await scene.ssh(first, sshHostKey, 'ls /dev/mapper')).not.toMatch(/hcc-(image|base)/);
    await first.kill();
    const { image: _, ...withoutImage } = vm;
    const again = await scene.boot(withoutImage);
    expect((await again.ready).sshHostKey).toBe(sshHostKey);
    await again.kill();
    expect(await findSecret(imageKey, { paths: [scene.scenery.dir] })).toEqual([]);
  });

  test('a key that is not its image’s', async () => {
    const other = (vm: KnownVm) => ({ image: { ...imageOf(vm), key: randomBytes(64) } });
    expect(await attacked(other)).toMatch(/^image-key: /);
  });

  test('another private image than the signed answer names', async () => {
    const other = (vm: KnownVm) => ({ image: { ...imageOf(vm), headerSha256: 'ab'.repeat(32) } });
    expect(await attacked(other)).toMatch(/^image-header-other: /);
  });

  test('the image swapped for another on the miner’s disk', async () => {
    const basePath = await scene.copyOfBase();
    await changeBytes(basePath, 0, randomBytes(mebibyte));
    expect(await attacked(() => ({}), { basePath })).toMatch(/^base-corrupt: /);
  });
});
