import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { guestBootDigest } from '#images';
import { createCachedBoots } from './cached-boots.ts';

const fileOf = (text: string) => ({ sha256: createHash('sha256').update(text).digest('hex'), bytes: text.length });

const given = async () => {
  const cacheDir = await mkdtemp(join(tmpdir(), 'hcc-boots-'));
  onTestFinished(() => rm(cacheDir, { recursive: true }));
  const files = { kernel: fileOf('a kernel'), initrd: fileOf('a first RAM disk') };
  const digest = guestBootDigest(files);
  const dir = join(cacheDir, 'boots', digest);
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'vmlinuz'), 'a kernel');
  await writeFile(join(dir, 'initrd.cpio'), 'a first RAM disk');
  const rest = { name: 'guest-boot', networkKind: 'simulated', kernelRelease: '6.1', agent: {}, packages: [] };
  const manifest = { manifestVersion: 1, ...rest, ...files, node: files.kernel.sha256 };
  await writeFile(join(dir, 'manifest.json'), JSON.stringify(manifest));
  return { digest, dir, openBoot: createCachedBoots(cacheDir) };
};

describe('what sealed VMs are started from', () => {
  test('given a boot image / when it is asked for by its digest / then its two files', async () => {
    const { digest, dir, openBoot } = await given();
    const files = { kernelPath: join(dir, 'vmlinuz'), initrdPath: join(dir, 'initrd.cpio') };
    expect(await openBoot(digest)).toMatchObject(files);
    expect(await openBoot(digest), 'and again without reading it').toMatchObject(files);
  });

  test('given bytes that changed since they were read / when it is asked for again / then it is not used', async () => {
    const { digest, dir, openBoot } = await given();
    await openBoot(digest);
    await writeFile(join(dir, 'initrd.cpio'), 'another RAM disk');
    await expect(openBoot(digest)).rejects.toMatchObject({ code: 'boot-image-not-found' });
  });

  test.each([['0'.repeat(64)], ['../images'], ['']])(
    'given no such image (%j) / when it is asked for / then the refusal names it and what to do',
    async (digest) => {
      const { openBoot } = await given();
      const message = expect.stringMatching(/^this VM starts from boot image .*start the network's node again/);
      await expect(openBoot(digest)).rejects.toMatchObject({ code: 'boot-image-not-found', message });
    },
  );
});
