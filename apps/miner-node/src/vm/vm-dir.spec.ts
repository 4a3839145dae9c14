import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  bootNumber,
  ended,
  imageDigest,
  launched,
  local,
  sealedAs,
  spec,
  vmId,
} from '../../../../test/miner-node/converge-samples.ts';
import type { LocalVm } from '../converge/index.ts';
import { openVmDirs } from './vm-dir.ts';

const newMinerDir = async () => {
  const minerDir = await mkdtemp(join(tmpdir(), 'hcc-dirs-'));
  onTestFinished(() => rm(minerDir, { recursive: true, force: true }));
  return { minerDir, dirs: openVmDirs(minerDir, {}), vmDir: join(minerDir, 'vms', vmId) };
};

describe('the directory of a VM', () => {
  test.each<[string, Partial<LocalVm>]>([
    ['new', { disk: null, sshPort: null }],
    [
      'launched',
      { boot: launched(2, { sshHostKey: 'ssh-ed25519 AAAA', stopAsked: { cause: 'requested', agentEpoch: 3 } }) },
    ],
    [
      'sealed',
      {
        spec: spec({ sealed: sealedAs(2, 'an envelope'), keysVersion: 3 }),
        disk: { imageDigest, diskBytes: 4_096, kind: 'volume' },
        boot: launched(2, { bootSpec: sealedAs(2).bootSpec, guestFailure: 'a: b', guestFailureCode: 'guest-stopped' }),
      },
    ],
    ['ended', { boot: ended(2) }],
    ['failed', { boot: { ...bootNumber(3), state: 'failed', code: 'image-not-found', detail: 'no image' } }],
    ['of a large revision', { spec: spec({ specRevision: 9_007_199_254_740_993n, boot: null }) }],
  ])('given a record that is %s / when it is saved and read / then it is the same', async (_what, change) => {
    const { dirs } = await newMinerDir();
    const vm = local(change);
    await dirs.save(vm);
    expect(await dirs.load(vmId)).toEqual({ kind: 'found', vm });
    expect(await dirs.list()).toEqual([vmId]);
  });

  test('given a record / when a write fails half-way / then the old one is whole and nothing is left beside it', async () => {
    const { dirs, vmDir } = await newMinerDir();
    await dirs.save(local());
    // A directory in the place of the unfinished file: the write fails, as it does on a full disk.
    await mkdir(join(vmDir, 'vm.json.part'));
    await expect(dirs.save(local({ sshPort: 1 }))).rejects.toThrow();
    expect(await dirs.load(vmId)).toEqual({ kind: 'found', vm: local() });
  });

  test.each([
    ['cut short', '{"version":1,"spec"', 'JSON'],
    ['empty', '', 'JSON'],
    ['of a newer version', '{"version":2}', 'version'],
    ['too long', 'x'.repeat(600_000), 'has 600000 bytes, wanted at most'],
  ])(
    'given a record that is %s / when it is read / then the file, the reason and the fix are named',
    async (_what, content, reason) => {
      const { dirs, vmDir } = await newMinerDir();
      await mkdir(vmDir, { recursive: true });
      await writeFile(join(vmDir, 'vm.json'), content);
      const loaded = await dirs.load(vmId);
      expect(loaded.kind).toBe('corrupt');
      const detail = loaded.kind === 'corrupt' ? loaded.detail : '';
      expect(detail).toContain(`${join(vmDir, 'vm.json')} cannot be used`);
      expect(detail).toContain(reason);
      expect(detail).toContain('put back a good copy');
    },
  );

  test('given the record of another VM, or a disk without a record / when it is read / then it is not taken for this one', async () => {
    const { dirs, minerDir, vmDir } = await newMinerDir();
    const other = '22222222-2222-4222-8222-222222222222';
    await dirs.save(local());
    await mkdir(join(minerDir, 'vms', other));
    await writeFile(join(minerDir, 'vms', other, 'vm.json'), await readFile(join(vmDir, 'vm.json')));
    expect(await dirs.load(other)).toMatchObject({
      kind: 'corrupt',
      detail: expect.stringContaining(`wanted ${other}`),
    });
    await rm(join(vmDir, 'vm.json'));
    expect(await dirs.load(vmId)).toEqual({ kind: 'none' });
    await writeFile(join(vmDir, 'disk.qcow2'), 'data');
    expect(await dirs.load(vmId)).toMatchObject({ kind: 'corrupt', detail: expect.stringContaining('disk beside it') });
  });

  test('given a removal that was interrupted / when the agent looks again / then it is finished', async () => {
    const { dirs, minerDir } = await newMinerDir();
    await mkdir(join(minerDir, 'vms', `.removing-${vmId}`), { recursive: true });
    expect(await dirs.list()).toEqual([]);
    expect(await readdir(join(minerDir, 'vms'))).toEqual([]);
  });

  test('given a VM / when it is removed twice / then it is gone, and the second time changes nothing', async () => {
    const { dirs, vmDir } = await newMinerDir();
    await dirs.save(local());
    await writeFile(join(vmDir, 'disk.qcow2'), 'data');
    await dirs.remove(vmId);
    await dirs.remove(vmId);
    await expect(access(vmDir)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('given a serial log / when its end is asked for / then no more than that is read', async () => {
    const { dirs, vmDir } = await newMinerDir();
    const end = async (bytesMax: number) => (await dirs.readConsole({ vmId, bytesMax, after: null })).text;
    expect(await end(5)).toBe('');
    await mkdir(vmDir, { recursive: true });
    await writeFile(join(vmDir, 'serial.log'), 'hello world');
    expect(await end(5)).toBe('world');
    expect(await end(500)).toBe('hello world');
    expect(await dirs.readConsole({ vmId, bytesMax: 500, after: 6 })).toEqual({ text: 'world', start: 6, end: 11 });
  });
});
