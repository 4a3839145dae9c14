import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultArgon2idBounds, parseLuks2Header } from '#luks';
import { missingTools, openScene, type Scene } from './scene.ts';

const missing = await missingTools();
const reason = missing === '' ? '' : ` (skipped: no ${missing})`;

describe.skipIf(missing !== '')(`a VM whose sectors have tags, on a real QEMU${reason}`, () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await openScene();
  }, 240_000);
  afterAll(() => scene?.close());

  test('given integrity hmac-sha256 / when it boots, is killed and boots again / then its disk has the one form with tags, and all that was synced', async () => {
    const vm = await scene.newVm('hmac-sha256');
    const first = await scene.boot(vm);
    const { sshHostKey } = await first.ready;
    await scene.ssh(first, sshHostKey, 'echo kept >/var/lib/kept; sync');
    await first.kill();

    const volume = await readFile(scene.volumeOf(vm));
    const terms = { deviceBytes: volume.length, argon2id: defaultArgon2idBounds };
    expect(parseLuks2Header(volume, { ...terms, integrity: 'hmac-sha256' })).toMatchObject({
      ok: true,
      header: { integrity: 'hmac-sha256', dataOffsetBytes: 1024 * 1024, headerDigest: vm.headerSha256 },
    });
    expect(parseLuks2Header(volume, { ...terms, integrity: 'none' })).toMatchObject({
      ok: false,
      refusal: { code: 'segment-integrity' },
    });

    const second = await scene.boot(vm);
    expect(await second.ready).toMatchObject({ sshHostKey });
    expect(await scene.ssh(second, sshHostKey, 'cat /var/lib/kept; df -m / | tail -n 1')).toMatch(/^kept\n \D*8\d /);
    expect(vm.counter).toBe(2);
    await second.kill();
  }, 240_000);
});
