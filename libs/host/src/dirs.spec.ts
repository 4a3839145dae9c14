import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ensurePrivateDir, hccDirs, socketDirFor } from './dirs.ts';
import { vmFiles } from './qemu/vm-files.ts';

describe('where things live', () => {
  test('given nothing set / when asked / then state is beside the person and the cache in their XDG place', () => {
    expect(hccDirs({ HOME: '/home/ann' }, '/srv')).toEqual({
      cacheDir: '/home/ann/.cache/hcc',
      homeDir: '/srv/.hcc',
      runtimeDir: '/srv/.hcc/run',
    });
  });

  test('given HCC_HOME and HCC_CACHE / when asked / then they win, and relative ones start at the working directory', () => {
    const dirs = hccDirs(
      { HOME: '/home/ann', HCC_HOME: 'state', HCC_CACHE: '/big/cache', XDG_CACHE_HOME: '/xdg' },
      '/srv',
    );
    expect(dirs).toMatchObject({ homeDir: '/srv/state', cacheDir: '/big/cache' });
    expect(hccDirs({ HOME: '/home/ann', XDG_CACHE_HOME: '/xdg' }, '/srv').cacheDir).toBe('/xdg/hcc');
  });

  test('given any state directory / when a VM’s sockets are placed / then their paths fit Linux’s limit', () => {
    const segment = fc.stringMatching(/^[a-z0-9äß]{1,40}$/u);
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 8 }), (segments) => {
        const stateDir = `/${segments.join('/')}`;
        const files = vmFiles({ stateDir, vmId: '0190a1b2-0000-7000-8000-000000000000', env: {} });
        expect(Buffer.byteLength(files.qmpSocket)).toBeLessThanOrEqual(107);
        expect(Buffer.byteLength(files.agentSocket)).toBeLessThanOrEqual(107);
      }),
    );
  });

  test('given two long homes / when their sockets are placed / then the places differ and are stable', () => {
    const long = `/${'x'.repeat(120)}`;
    expect(socketDirFor(`${long}/a`, {})).not.toBe(socketDirFor(`${long}/b`, {}));
    expect(socketDirFor(`${long}/a`, {})).toBe(socketDirFor(`${long}/a`, {}));
  });

  test('given a link where the socket directory should be / when it is ensured / then it is refused', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'hcc-dirs-'));
    await symlink('/etc', join(dir, 'run'));
    await expect(ensurePrivateDir(join(dir, 'run'))).rejects.toMatchObject({ code: 'runtime-dir-unsafe' });
    expect(await ensurePrivateDir(join(dir, 'own', 'run'))).toBe(join(dir, 'own', 'run'));
    await rm(dir, { recursive: true });
  });
});
