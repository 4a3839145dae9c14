import { join } from 'node:path';
import { run } from '#host';
import type { CpioEntry } from './cpio.ts';
import { epochSeconds, makeExt4 } from './ext4.ts';
import type { GuestFile } from './guest-files.ts';
import { limits } from './limits.ts';
import { addDirectory, addFile, addGuestFiles, addLink, addProgram, readMember, type Tree, writeTree } from './tree.ts';

/** Writes the root file system of the small image to `imagePath`, as the owner of the calling process, no root needed.
 *  Equal inputs and equal e2fsprogs give equal bytes: order, owners, times and identifiers are all fixed. */
export async function buildRootfs(options: {
  readonly unpackedRoot: string;
  readonly guestFiles: readonly GuestFile[];
  readonly workDir: string;
  readonly imagePath: string;
  readonly signal?: AbortSignal;
}): Promise<void> {
  const tree = await rootTree(options.unpackedRoot, options.guestFiles);
  const stage = join(options.workDir, 'rootfs');
  await writeTree(tree, stage);
  const owners = ['', ...[...tree.keys()].sort(), 'lost+found'].map((path) => ({
    ...{ path, uid: 0, gid: 0, mtimeSeconds: epochSeconds },
  }));
  const { imagePath, signal } = options;
  await makeExt4({ stage, owners, imagePath, bytes: limits.rootfsBytes, ...(signal && { signal }) });
}

async function rootTree(unpackedRoot: string, guestFiles: readonly GuestFile[]): Promise<Tree> {
  const tree: Tree = new Map<string, CpioEntry>();
  const directories = [
    'bin',
    'sbin',
    'usr/bin',
    'usr/sbin',
    'dev',
    'proc',
    'sys',
    'run',
    'mnt',
    'etc/dropbear',
    'var/lib/hcc',
  ];
  for (const directory of directories) addDirectory(tree, directory);
  addDirectory(tree, 'tmp', 0o1777);
  addDirectory(tree, 'root', 0o700);
  addDirectory(tree, 'var/log');
  // The owner's keys are in memory; dropbear insists on this name for them.
  addLink(tree, 'root/.ssh', '/run/hcc/ssh');
  addLink(tree, 'var/run', '/run');
  await addBusybox(tree, unpackedRoot);
  for (const program of ['usr/sbin/dropbear', 'usr/bin/dropbearkey', 'sbin/resize2fs']) {
    await addProgram(tree, unpackedRoot, program);
  }
  addGuestFiles(tree, guestFiles);
  const shadow = tree.get('etc/shadow');
  if (shadow?.kind === 'file') addFile(tree, 'etc/shadow', shadow.bytes, 0o600);
  return tree;
}

async function addBusybox(tree: Tree, unpackedRoot: string): Promise<void> {
  const { stdout } = await run(join(unpackedRoot, 'bin/busybox'), ['--list-full']);
  for (const path of stdout.split('\n')) {
    if (path !== '' && path !== 'bin/busybox') addLink(tree, path, '/bin/busybox');
  }
  addFile(tree, 'bin/busybox', await readMember(unpackedRoot, 'bin/busybox'), 0o755);
}
