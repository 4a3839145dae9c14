import { join } from 'node:path';
import { requireTool, run } from '#host';
import type { CpioEntry } from './cpio.ts';
import type { GuestFile } from './guest-files.ts';
import { ImageError } from './image-error.ts';
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
  const tool = {
    env: { PATH: process.env.PATH, LC_ALL: 'C', E2FSPROGS_FAKE_TIME: String(epochSeconds) },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
  await run(await requireTool('mke2fs'), mke2fsArgs(stage, options.imagePath), tool);
  const edit = { ...tool, input: normalise(tree) };
  const { stderr } = await run(await requireTool('debugfs'), ['-w', '-f', '-', options.imagePath], edit);
  // debugfs exits with 0 whatever happened; beside its banner it says something only when a command failed.
  const complaint = stderr.split('\n').find((line) => line.trim() !== '' && !line.startsWith('debugfs '));
  if (complaint !== undefined) throw new ImageError('image-build-failed', `debugfs: ${complaint}`);
}

/** 2020-01-01: one time for every file, so that the bytes do not depend on when the image was built. */
const epochSeconds = 1_577_836_800;
const fileSystemId = '7a1d3f0e-6d0c-4b53-9f1e-0f2a4c8e6b11';
const blockBytes = 4096;

/** Every feature named, because the defaults are in the building machine's mke2fs.conf. */
const features =
  'none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,huge_file,dir_nlink,extra_isize,metadata_csum';

function mke2fsArgs(stage: string, imagePath: string): readonly string[] {
  const extended = [
    'lazy_itable_init=0',
    'lazy_journal_init=0',
    'root_owner=0:0',
    `hash_seed=${fileSystemId}`,
    `resize=${limits.rootfsGrowBytesMax / blockBytes}`,
  ];
  return [
    ...['-q', '-F', '-t', 'ext4', '-O', features, '-b', String(blockBytes), '-I', '256', '-i', '16384', '-m', '0'],
    ...['-J', 'size=4', '-L', 'hcc-root', '-U', fileSystemId, '-E', extended.join(',')],
    ...['-d', stage, imagePath, `${limits.rootfsBytes / 1024}k`],
  ];
}

/** debugfs commands that make root the owner of everything and every time the same: `mke2fs -d` copies both. */
function normalise(tree: Tree): string {
  const paths = ['', ...[...tree.keys()].sort(), 'lost+found'];
  const fields = [
    'uid 0',
    'gid 0',
    ...['atime', 'ctime', 'mtime', 'crtime'].map((field) => `${field} @${epochSeconds}`),
  ];
  return paths.flatMap((path) => fields.map((field) => `sif "/${path}" ${field}\n`)).join('');
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
