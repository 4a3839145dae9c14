import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run } from '../exec.ts';
import { findTool } from '../tools/find-tool.ts';
import { createOverlay, growDisk, removeDisk } from './disk.ts';

const qemuImg = await findTool('qemu-img');
const reason = qemuImg.kind === 'found' ? '' : ` (skipped: no ${qemuImg.wanted})`;
const mebibyte = 1024 * 1024;

describe.skipIf(qemuImg.kind === 'missing')(`a VM’s own disk${reason}`, () => {
  test('given a base image / when disks are made and removed / then sizes are right, nothing is overwritten, the base stays', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'hcc-disk-'));
    const base = join(dir, 'base.raw');
    const path = join(dir, 'vm', 'disk.qcow2');
    await writeFile(base, 'base');
    await truncate(base, mebibyte);

    await createOverlay({ base, path, diskBytes: 8 * mebibyte });
    const shown = await run('qemu-img', ['info', '--output=json', path]);
    expect(JSON.parse(shown.stdout)).toMatchObject({
      format: 'qcow2',
      'virtual-size': 8 * mebibyte,
      'backing-filename': base,
      'backing-filename-format': 'raw',
    });
    const refusals: [Parameters<typeof createOverlay>[0], RegExp][] = [
      [{ base, path, diskBytes: 8 * mebibyte }, /exists already/],
      [{ base, path: `${path}.2`, diskBytes: mebibyte / 2 }, /at least the base image's 1048576 bytes/],
      [{ base, path: `${path}.2`, diskBytes: 8 * mebibyte + 1 }, /a multiple of 512/],
      [{ base: 'base.raw', path: `${path}.2`, diskBytes: 8 * mebibyte }, /wanted absolute paths/],
    ];
    for (const [options, why] of refusals) await expect(createOverlay(options)).rejects.toThrow(why);
    expect(await readdir(join(dir, 'vm')), 'no refusal leaves a file').toEqual(['disk.qcow2']);

    const sizeOf = async () =>
      JSON.parse((await run('qemu-img', ['info', '--output=json', path])).stdout)['virtual-size'];
    await growDisk({ path, diskBytes: 16 * mebibyte });
    await growDisk({ path, diskBytes: 16 * mebibyte });
    await expect(growDisk({ path, diskBytes: 8 * mebibyte })).rejects.toThrow(/not grown: it has 16777216 bytes/);
    await expect(growDisk({ path, diskBytes: 16 * mebibyte + 1 })).rejects.toThrow(/multiple|not grown/);
    expect(await sizeOf()).toBe(16 * mebibyte);

    await removeDisk(path);
    await removeDisk(path);
    expect((await stat(base)).size).toBe(mebibyte);
    expect((await readFile(base, 'utf8')).slice(0, 4)).toBe('base');
    await rm(dir, { recursive: true });
  });
});
