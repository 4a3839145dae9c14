import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runChecks } from './check.ts';
import { swapChecks } from './swap-checks.ts';

const head = 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n';

/** A /proc and /sys in which swap is on in a file of this test. */
const given = async () => {
  const root = await mkdtemp(join(tmpdir(), 'hcc-swap-'));
  onTestFinished(() => rm(root, { recursive: true }));
  await mkdir(join(root, 'proc'));
  const file = join(root, 'swap file');
  await writeFile(file, '');
  const { dev } = await stat(file);
  const number = `${(dev >>> 8) & 0xfff}:${(dev & 0xff) | ((dev >>> 12) & 0xfff00)}`;
  const device = join(root, 'sys/dev/block', number);
  await mkdir(device, { recursive: true });
  const swaps = (...names: readonly string[]) =>
    writeFile(
      join(root, 'proc/swaps'),
      head + names.map((name) => `${name.replaceAll(' ', '\\040')} file\t524284\t0\t-2\n`).join(''),
    );
  const look = async () => (await runChecks(swapChecks(root)))[0];
  return { root, file, device, swaps, look };
};

const dm = async (device: string, uuid: string): Promise<void> => {
  await mkdir(join(device, 'dm'), { recursive: true });
  await writeFile(join(device, 'dm/uuid'), uuid);
};

describe('the swap of a host', () => {
  test('given none, or a kernel that says nothing of it / when it is looked at / then it is well', async () => {
    const { swaps, look } = await given();
    expect(await look()).toMatchObject({ code: 'HCC-H016', status: 'PASS', observed: 'none is on' });
    await swaps();
    expect(await look()).toMatchObject({ status: 'PASS', observed: 'none is on' });
  });

  test('given a file on a plain disk / when it is looked at / then it is warned of by name, with what to do', async () => {
    const { file, swaps, look } = await given();
    await swaps(file);
    expect(await look()).toMatchObject({
      status: 'WARN',
      observed: `on and not known to be encrypted: ${file}`,
      fix: expect.stringContaining('swapoff -a'),
    });
  });

  test('given a device that is gone / when it is looked at / then nobody calls it encrypted', async () => {
    const { swaps, look } = await given();
    await swaps('/dev/no-such-swap');
    expect(await look()).toMatchObject({ status: 'WARN' });
  });

  test('given dm-crypt below it, or below the volume it is on / when it is looked at / then it is well', async () => {
    const { file, device, swaps, look } = await given();
    await swaps(file);
    await dm(device, 'CRYPT-PLAIN-swap');
    expect(await look()).toMatchObject({ status: 'PASS' });
    await dm(device, 'LVM-abcdef');
    expect(await look()).toMatchObject({ status: 'WARN' });
    const below = join(device, '../252:7');
    await dm(below, 'CRYPT-LUKS2-0-disk');
    await mkdir(join(device, 'slaves'));
    await symlink(below, join(device, 'slaves/dm-0'));
    expect(await look()).toMatchObject({ status: 'PASS' });
    await mkdir(join(device, 'slaves/sdb1'));
    expect(await look(), 'half of it is plain').toMatchObject({ status: 'WARN' });
  });

  test('given compressed memory / when it is looked at / then it is well unless a device is behind it', async () => {
    const { root, swaps, look } = await given();
    await swaps('/dev/zram0');
    expect(await look()).toMatchObject({ status: 'PASS', observed: 'only encrypted or in memory: /dev/zram0' });
    await mkdir(join(root, 'sys/block/zram0'), { recursive: true });
    await writeFile(join(root, 'sys/block/zram0/backing_dev'), '/dev/sdb2\n');
    expect(await look()).toMatchObject({ status: 'WARN' });
  });
});
