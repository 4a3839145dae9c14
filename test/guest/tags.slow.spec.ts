import { open } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultArgon2idBounds, parseLuks2Header } from '#luks';
import { missingTools, openScene, type Scene } from './scene.ts';

const missing = await missingTools();
const reason = missing === '' ? '' : ` (skipped: no ${missing})`;

const deviceBytes = 400 * 1024 * 1024;

const headOf = async (path: string): Promise<Uint8Array> => {
  const file = await open(path, 'r');
  try {
    return (await file.read(new Uint8Array(1024 * 1024), 0, 1024 * 1024, 0)).buffer;
  } finally {
    await file.close();
  }
};

describe.skipIf(missing !== '')(`a VM whose sectors have tags, on a real QEMU${reason}`, () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await openScene();
  }, 240_000);
  afterAll(() => scene?.close());

  test('given integrity hmac-sha256 / when it is killed as it is filled, boots, is killed and boots again / then its disk has the one form with tags, and all that was synced', async () => {
    // Of several block groups: those that the image has not are made when the file system grows.
    const vm = await scene.newVm('hmac-sha256', deviceBytes);
    // What a killed format left of its tags is none of the next one's.
    const killed = await scene.boot(vm);
    const isFilling = () => killed.said.some((one) => one.type === 'stage' && one.name === 'filling');
    await expect.poll(isFilling, { timeout: 120_000 }).toBe(true);
    await killed.kill();
    const first = await scene.boot(vm);
    const { sshHostKey } = await first.ready;
    await scene.ssh(first, sshHostKey, 'echo kept >/var/lib/kept; sync');
    await first.kill();

    const head = await headOf(scene.volumeOf(vm));
    const terms = { deviceBytes, argon2id: defaultArgon2idBounds };
    expect(parseLuks2Header(head, { ...terms, integrity: 'hmac-sha256' })).toMatchObject({
      ok: true,
      header: { integrity: 'hmac-sha256', dataOffsetBytes: 1024 * 1024, headerDigest: vm.headerSha256 },
    });
    expect(parseLuks2Header(head, { ...terms, integrity: 'none' })).toMatchObject({
      ok: false,
      refusal: { code: 'segment-integrity' },
    });

    const second = await scene.boot(vm);
    expect(await second.ready).toMatchObject({ sshHostKey });
    expect(await scene.ssh(second, sshHostKey, 'cat /var/lib/kept; df -m / | tail -n 1')).toMatch(/^kept\n +3[78]\d /);
    expect(vm.counter, 'the opening that was killed has a number too').toBe(3);
    await second.kill();
  }, 360_000);
});
