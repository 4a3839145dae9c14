import { createHash } from 'node:crypto';
import { mkdtemp, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { launchInputsOf } from './launch-inputs.ts';

describe('what a launch consists of', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-li-'));
  afterAll(() => rm(dir, { recursive: true, force: true }));
  const [firmware, kernel, initrd] = ['bios', 'vmlinuz', 'initrd'].map((name) => join(dir, name));
  const args = (append: string): readonly string[] => [
    ...['-bios', `${firmware}`, '-kernel', `${kernel}`, '-initrd', `${initrd}`],
    ...['-append', append, '-smp', 'cpus=1,maxcpus=1', '-cpu', 'max'],
  ];
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  for (const path of [firmware, kernel, initrd]) await writeFile(`${path}`, 'as built');

  test('given an argument list / when it is read twice / then both are of the same files', async () => {
    const once = await launchInputsOf(args('quiet'));
    expect(once).toMatchObject({ kernelSha256: sha256('as built'), vcpus: 1, vcpuType: 'max', commandLine: 'quiet' });
    expect(await launchInputsOf(args('quiet'))).toEqual(once);
  });

  test('given a file that was read / when other bytes are put in its place, with its size and date / then those count', async () => {
    await launchInputsOf(args(''));
    const { atime, mtime } = await stat(`${initrd}`);
    await writeFile(`${initrd}`, 'tampered');
    await utimes(`${initrd}`, atime, mtime);
    expect((await launchInputsOf(args(''))).initrdSha256).toBe(sha256('tampered'));
  });

  test('given a list without a kernel / when it is read / then it is refused by name', async () => {
    await expect(launchInputsOf(['-bios', `${firmware}`])).rejects.toMatchObject({ code: 'hardware-refused' });
  });
});
