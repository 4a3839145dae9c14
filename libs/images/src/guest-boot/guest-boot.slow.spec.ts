import { cp, mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findTool, silent } from '#host';
import { readCpioFiles } from '../hccam/read-cpio.ts';
import { isOffline } from '../offline.fixture.ts';
import { bootsDir, openGuestBootImage } from './boots.ts';
import { buildGuestBootImage } from './build-guest-boot-image.ts';

const missing = (await Promise.all((['apt-get', 'dpkg-deb'] as const).map((name) => findTool(name)))).flatMap((tool) =>
  tool.kind === 'missing' ? [tool.wanted] : [],
);
const reason = missing.length === 0 ? '' : ` (skipped: no ${missing.join(', no ')})`;

describe.skipIf(missing.length > 0)(`the boot image of owners' VMs${reason}`, () => {
  test('given two empty caches / when each builds it / then both have the same bytes, without anything of a network', async (context) => {
    const dir = await mkdtemp(join(tmpdir(), 'hcc-boot-'));
    try {
      const [one, two] = [join(dir, 'one'), join(dir, 'two')];
      const first = await build(one);
      expect((await readdir(bootsDir(one))).sort()).toEqual([first.bootDigest, 'recipes']);

      const files = readCpioFiles(await readFile(first.initrdPath), 'the boot image');
      const wanted = ['bin/busybox', 'bin/node', 'sbin/cryptsetup', 'sbin/veritysetup', 'sbin/resize2fs', 'init'];
      expect([...files.keys()]).toEqual(expect.arrayContaining([...wanted, 'agent/agent.blob']));
      const order = Buffer.from(files.get('modules/order') ?? []).toString();
      const [before, after] = [order.indexOf('dm_bufio.ko'), order.indexOf('dm_verity.ko')];
      expect(before >= 0 && before < after, order).toBe(true);
      for (const module of ['dm_crypt', 'dm_integrity', 'ecb', 'xts', 'authenc']) {
        expect(order).toContain(`${module}.ko`);
      }
      expect(order, 'randomness is not taken from the host').not.toContain('virtio_rng');

      // Another day's packages would be another image; what is asked here is whether anything else would.
      await cp(join(one, 'packages'), join(two, 'packages'), { recursive: true });
      const second = await build(two);
      expect(second.bootDigest, 'the same sources and packages give the same image').toBe(first.bootDigest);

      await truncate(first.initrdPath, 5);
      await expect(openGuestBootImage(one, first.bootDigest)).rejects.toMatchObject({ code: 'image-not-found' });
    } catch (error) {
      // Offline there are no packages to build from; that says nothing about the builder.
      if (isOffline(error)) context.skip(`offline: ${error.message}`);
      throw error;
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
    // Twice over a network and under load, where building the small image takes as long.
  }, 180_000);

  test.each(['../images', '', 'A'.repeat(64), '0'.repeat(64)])(
    'given the digest "%s" / when its boot image is opened / then there is none',
    async (digest) => {
      await expect(openGuestBootImage(tmpdir(), digest)).rejects.toMatchObject({ code: 'image-not-found' });
    },
  );
});

function build(cacheDir: string) {
  return buildGuestBootImage({ cacheDir, kind: 'simulated', report: silent });
}
