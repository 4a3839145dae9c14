import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireTool, run } from '#host';
import type { KnownVm } from './network-side.ts';
import { missingTools, openScene, type Scene } from './scene.ts';

const missing = await missingTools();
const reason = missing === '' ? '' : ` (skipped: no ${missing})`;
const other = `ssh-ed25519 ${'A'.repeat(68)}`;

describe.skipIf(missing !== '')(`an owner's VM on a real QEMU${reason}`, { timeout: 180_000 }, () => {
  let scene: Scene;
  let vm: KnownVm;
  let hostKey: string;

  beforeAll(async () => {
    scene = await openScene();
    vm = await scene.newVm();
  }, 240_000);
  afterAll(() => scene?.close());

  test('given a new VM / when it boots / then it formats and fills its disk, and its owner is let in by the key it attested', async () => {
    const boot = await scene.boot(vm);
    hostKey = (await boot.ready).sshHostKey;
    expect(await scene.ssh(boot, hostKey, 'hostname; cat /var/lib/hcc/boot-counter; df -m / | tail -n 1')).toMatch(
      /^sealed-vm\n1\n +9\d /,
    );
    expect(boot.said.flatMap((said) => (said.type === 'stage' ? [said.name] : []))).toEqual([
      'formatting',
      'filling',
      'unlocked',
      'confirmed',
      'pivot',
    ]);

    // Access: an older version and a forgery change nothing, a newer one does.
    const key = { ...boot, guestKeySha256: boot.guestKeySha256() };
    const say = (keysVersion: number, hostname: string) =>
      scene.scenery.network.access(vm, key, { keysVersion, hostname, authorizedKeys: [...scene.owner, other] });
    const ready = (version: number) =>
      expect.poll(() => boot.said.some((one) => one.type === 'ready' && one.keysVersion === version), {
        timeout: 30_000,
      });
    boot.send({ version: 1, type: 'access', envelope: say(9, 'forged').replace('forged', 'broken') });
    boot.send({ version: 1, type: 'access', envelope: say(2, 'renamed') });
    await ready(2).toBe(true);
    boot.send({ version: 1, type: 'access', envelope: say(1, 'outdated') });
    await boot.restartHost(2_000);
    boot.send({ version: 1, type: 'access', envelope: say(3, 'again') });
    await ready(3).toBe(true);
    expect(await scene.ssh(boot, hostKey, 'hostname; wc -l </run/hcc/ssh/authorized_keys; sync')).toBe('again\n2\n');
    await boot.kill();

    const volume = await readFile(scene.volumeOf(vm));
    expect(volume.subarray(1024 * 1024).includes('dropbear')).toBe(false);
    expect(volume.includes(Buffer.from(vm.volumeKey))).toBe(false);
    expect(
      createHash('sha256')
        .update(volume.subarray(0, 32 * 1024))
        .digest('hex'),
    ).toBe(vm.headerSha256);
    // cryptsetup's own reader takes the volume with the vault's key, and no other.
    const opens = (passphrase: Uint8Array) =>
      requireTool('cryptsetup').then((path) =>
        run(path, ['open', '--test-passphrase', '--key-file', '-', scene.volumeOf(vm)], {
          input: Buffer.from(passphrase),
        }),
      );
    await opens(vm.volumeKey);
    await expect(opens(new Uint8Array(64))).rejects.toMatchObject({ code: 'command-failed' });
  });

  test('given its volume / when it boots again and its host dies as it waits for the key / then it asks the next host, unlocks and counts on', async () => {
    let asked = 0;
    const boot = await scene.boot(vm, {
      answer: async (ask, honest) => {
        asked += ask.what === 'release' ? 1 : 0;
        return ask.what === 'release' && asked === 1 ? undefined : honest();
      },
    });
    await expect.poll(() => asked, { timeout: 120_000 }).toBeGreaterThan(0);
    await boot.restartHost(1_500);
    expect(await boot.ready).toMatchObject({ sshHostKey: hostKey });
    expect(vm.counter).toBe(2);
    expect(boot.said.flatMap((said) => (said.type === 'stage' ? [said.name] : []))).toContain('opening');
    await boot.kill();
  });
});
