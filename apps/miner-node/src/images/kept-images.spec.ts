import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createSystemClock } from '#adapters/system';
import type { ImageDigest } from '#domain';
import { readHolders, sayNeeded } from '#images';
import { sealedAs, spec, vmId } from '../../../../test/miner-node/converge-samples.ts';
import { openVmDirs } from '../vm/vm-dir.ts';
import { createKeptImages } from './kept-images.ts';

const clock = createSystemClock();
const [base, boot, other] = ['a', 'b', 'c'].map((letter) => letter.repeat(64)) as [ImageDigest, string, string];
const vmOf = { sshPort: null, disk: null, boot: null };

const given = async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-kept-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const [cacheDir, minerDir] = [join(dir, 'cache'), join(dir, 'm')];
  const boots = join(cacheDir, 'boots');
  const pathOf = (digest: string) => join(boots, digest, 'vmlinuz');
  for (const digest of [base, boot, other]) {
    await mkdir(join(boots, digest), { recursive: true });
    await writeFile(pathOf(digest), 'a kernel');
    await utimes(join(boots, digest), 1_000, 1_000);
  }
  await mkdir(minerDir);
  const dirs = openVmDirs(minerDir, {});
  const filesOf = async (digest: string) => ({ kernelPath: pathOf(digest), initrdPath: '', rootfsPath: '' });
  const images = { open: filesOf, verify: filesOf, openBoot: filesOf } as never;
  const logged: string[] = [];
  const log = (_level: string, message: string) => void logged.push(message);
  const agent = () => createKeptImages({ images, dirs, place: { cacheDir, minerDir, cacheBytesMax: 0 }, clock, log });
  const save = () => dirs.save({ ...vmOf, spec: spec({ imageDigest: base, sealed: sealedAs(1) }) });
  const left = async () => (await readdir(boots)).sort();
  const needs = async () => (await readHolders(cacheDir)).flatMap(({ digests }) => digests);
  return { cacheDir, minerDir, dirs, agent, save, left, needs, logged };
};

describe('what a miner keeps of the images it started VMs from', () => {
  test('given a VM / when there is room for nothing / then what it may boot again stays, and goes once the VM is gone', async () => {
    const { dirs, agent, save, left, logged } = await given();
    await save();
    await agent().prune();
    expect(await left()).toEqual([base, boot]);
    await dirs.remove(vmId);
    await agent().prune();
    expect(await left()).toEqual([]);
    expect(logged.filter((line) => line === 'removed from the cache')).toHaveLength(3);
  });

  test('given an image that is opened / when another miner of this cache prunes it / then it is known to be needed', async () => {
    const { cacheDir, agent, needs, left } = await given();
    await agent().openBoot(boot);
    await agent().openBoot(boot);
    expect(await needs()).toEqual([boot]);
    const next = join(cacheDir, '..');
    await sayNeeded(cacheDir, { dir: next, digests: [] });
    await agent().openBoot(other);
    expect(await left(), 'none of it was pruned meanwhile').toContain(boot);
  });

  test('given a VM whose record cannot be read / when the cache is pruned / then what was needed before stays', async () => {
    const { minerDir, cacheDir, agent, save, left, logged } = await given();
    await save();
    await agent().prune();
    await writeFile(join(minerDir, 'vms', vmId, 'vm.json'), 'no record');
    await agent().prune();
    expect(await left()).toEqual([base, boot]);
    await writeFile(join(cacheDir, 'needed-by', 'x.json'), '?');
    await agent().prune();
    expect(logged.at(-1)).toBe('the cache is not pruned');
  });
});
