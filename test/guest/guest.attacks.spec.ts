import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { headerWith } from '../../libs/luks/src/header/header.fixture.ts';
import type { KnownVm, NetworkSide } from './network-side.ts';
import { changeBytes, lastWords, missingTools, openScene, type Scene } from './scene.ts';
import type { Changes } from './sealed-vm.ts';

type Over = Parameters<NetworkSide['release']>[3];

/** A network that gives a key of another VM, or another's signature. */
const releasingAs = (network: NetworkSide, over: Over, of: () => KnownVm): Changes => ({
  answer: async ({ what, body }, honest, boot) =>
    what === 'release' ? { message: await network.release(of(), boot, JSON.parse(body), over) } : honest(),
});

const missing = await missingTools();
const reason = missing === '' ? '' : ` (skipped: no ${missing})`;
const mebibyte = 1024 * 1024;

describe.skipIf(missing !== '')(`attacks on an owner's VM, on a real QEMU${reason}`, { timeout: 180_000 }, () => {
  let scene: Scene;
  /** Booted once; every attack gets a copy of its volume, and of what the network knows of it. */
  let vm: KnownVm;
  /** What the network signed for that boot. */
  let goAhead: unknown;

  beforeAll(async () => {
    scene = await openScene();
    vm = await scene.newVm();
    const boot = await scene.boot(vm, {
      answer: async ({ what }, honest) => {
        const answer = await honest();
        if (what === 'confirm') goAhead = answer;
        return answer;
      },
    });
    const { sshHostKey } = await boot.ready;
    await scene.ssh(boot, sshHostKey, 'sync');
    await boot.kill();
  }, 300_000);
  afterAll(() => scene?.close());

  /** The last words of a boot with these changes, which never hands over to a disk. */
  const attacked = async (changes: Changes, known: Partial<KnownVm> = {}): Promise<string> => {
    const volumePath = changes.volumePath ?? (await scene.copyOfVolume(vm));
    const boot = await scene.boot({ ...vm, ...known }, { ...changes, volumePath });
    const words = await lastWords(boot);
    expect(await boot.console()).not.toContain('handing over to the disk');
    return words;
  };
  const releasing = (over: Over, of: () => KnownVm = () => vm) => releasingAs(scene.scenery.network, over, of);

  test('a volume of the attacker, of the right form, with a key that the attacker knows', async () => {
    const volumePath = await scene.copyOfVolume(vm);
    await scene.cryptsetup({ ...vm, volumeKey: randomBytes(64) }, 'luksFormat', volumePath);
    expect(await attacked({ volumePath })).toMatch(/^header-other: /);
  });

  test.each(['segment', 'keyslot'])('a header that encrypts its %s with nothing', async (what) => {
    const volumePath = await scene.copyOfVolume(vm);
    const header = headerWith(({ segments, keyslots }) => {
      const part = what === 'segment' ? segments?.['0'] : keyslots?.['0']?.area;
      Object.assign(Object(part), { encryption: 'cipher_null-ecb' });
    });
    await changeBytes(volumePath, 0, header);
    expect(await attacked({ volumePath })).toMatch(new RegExp(`^header-refused: ${what}-cipher`));
  });

  test('its own header over a keyslot that holds another volume key', async () => {
    const volumePath = await scene.copyOfVolume(vm);
    await changeBytes(volumePath, 32 * 1024, randomBytes(252 * 1024));
    expect(await attacked({ volumePath })).toMatch(/^volume-key: /);
  });

  test('the disk of another VM', async () => {
    expect(await attacked({}, { headerSha256: 'ab'.repeat(32), volumeKey: randomBytes(64) })).toMatch(
      /^header-other: /,
    );
  });

  test('the disk of another VM, by a network that believes it: the key does not open it', async () => {
    expect(await attacked({}, { volumeKey: randomBytes(64) })).toMatch(/^volume-key: /);
  });

  test('a blank disk in place of a full one', async () => {
    const volumePath = await scene.copyOfVolume(vm);
    await changeBytes(volumePath, 0, new Uint8Array(mebibyte));
    expect(await attacked({ volumePath })).toMatch(/^header-missing: /);
  });

  test('an older disk: its counter gives it away, and nothing of it runs', async () => {
    expect(await attacked({}, { counter: 7 })).toMatch(
      /^volume-older: the volume counts boot 2, the network knows of 7/,
    );
  });

  test('an older disk, opened again and again: it never counts up to a newer one, until its owner allows it', async () => {
    const volumePath = await scene.copyOfVolume(vm);
    for (let tries = 0; tries < 2; tries += 1) {
      expect(await attacked({ volumePath }, { counter: 2 })).toMatch(
        /^volume-older: the volume counts boot 2, .* of 2/,
      );
    }
    const boot = await scene.boot({ ...vm, counter: 2, highest: 6, allows: true }, { volumePath });
    const { sshHostKey } = await boot.ready;
    expect(await scene.ssh(boot, sshHostKey, 'cat /var/lib/hcc/boot-counter')).toBe('7\n');
    await boot.kill();
  });

  test('the header is swapped once it was checked: the copy is used, and the swap shows at the next boot', async () => {
    const volumePath = await scene.copyOfVolume(vm);
    const known = { ...vm };
    let swapped = false;
    const boot = await scene.boot(known, {
      volumePath,
      answer: async ({ what }, honest) => {
        if (what === 'challenge' && swapped) await changeBytes(volumePath, 0, randomBytes(mebibyte));
        swapped = what === 'release' || swapped;
        return honest();
      },
    });
    await boot.ready;
    expect(known.counter).toBe(2);
    await boot.kill();
    expect(await attacked({ volumePath }, known)).toMatch(/^header-missing: /);
  });

  test('one changed block of the base’s hash tree', async () => {
    const treePath = await scene.copyOfTree();
    const tree = await readFile(treePath);
    await changeBytes(
      treePath,
      0,
      tree.map((byte) => byte ^ 1),
    );
    expect(await lastWords(await scene.boot(await scene.newVm(), { treePath }))).toMatch(/^base-(?:corrupt|refused): /);
  });

  test('one changed block of the base image, where the volume is filled from it', async () => {
    const basePath = await scene.copyOfBase();
    // In the middle of its files: a block of zeros is known by its hash and not read.
    const at = 8 * mebibyte;
    expect((await readFile(basePath)).subarray(at, at + 4096).some((byte) => byte !== 0)).toBe(true);
    await changeBytes(basePath, at, Buffer.from('changed'));
    const fresh = await scene.newVm();
    const boot = await scene.boot(fresh, { basePath });
    expect(await lastWords(boot)).toContain(`base-corrupt: the base image from byte ${at} on is not what was measured`);
    expect(fresh.headerSha256).toBeNull();
  });

  test('a release that the attacker signed, with the attacker’s key, for the attacker’s disk', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const volumePath = await scene.copyOfVolume(vm);
    const theirs = { ...vm, volumeKey: randomBytes(64), headerSha256: null };
    await scene.cryptsetup(theirs, 'luksFormat', volumePath);
    const forged = releasing({ signer: privateKey }, () => theirs);
    expect(await attacked({ ...forged, volumePath })).toMatch(/^message-signature: /);
  });

  test('the go-ahead of an earlier boot, for an older disk', async () => {
    const replaying: Changes = { answer: async ({ what }, honest) => (what === 'confirm' ? goAhead : honest()) };
    expect(await attacked(replaying, { counter: 7 })).toMatch(/^message-other: the message is for another bootId/);
  });

  test('a challenge of this boot once more: it is used up, and the guest gets nothing for it', async () => {
    const volumePath = await scene.copyOfVolume(vm);
    const challenges: unknown[] = [];
    const boot = await scene.boot(
      { ...vm },
      {
        volumePath,
        answer: async ({ what }, honest) => {
          if (what !== 'challenge') return honest();
          challenges.push(challenges[0] ?? (await honest()));
          return challenges[0];
        },
      },
    );
    // Each time its report is refused, and it asks for another challenge.
    await expect.poll(() => challenges.length, { timeout: 150_000 }).toBeGreaterThan(3);
    expect(boot.said.some((said) => said.type === 'ask' && said.what === 'confirm')).toBe(false);
    expect(await boot.console()).not.toContain('handing over to the disk');
    await boot.kill();
  });

  test('a release that answers another challenge', async () => {
    expect(await attacked(releasing({ nonce: randomBytes(32).toString('base64') }))).toMatch(
      /^message-other: the message is for another nonce/,
    );
  });

  test('the boot spec of another VM', async () => {
    const spec = (honest: string) => honest.replace(vm.vmId, '00000000-0000-4000-8000-000000000000');
    expect(await attacked({ bootSpec: spec })).toMatch(/^host-data: /);
  });

  test.each(['command line', 'first RAM disk'])('another %s', async (what) => {
    const initrdPath = await scene.otherInitrd();
    const start: Changes['start'] = (hardware) => {
      const cmdline = `${hardware.boot.cmdline} hcc.debug=1`;
      const change = what === 'command line' ? { cmdline } : { initrdPath };
      return { ...hardware, boot: { ...hardware.boot, ...change } };
    };
    expect(await attacked({ start })).toMatch(/^appraisal-refused: .*contraindicated/);
  });
});
