import { requireTool, run } from '#host';
import { ImageError } from './image-error.ts';
import { limits } from './limits.ts';

/** Who owns a path of the file system, and when it was last changed. */
export type Ownership = {
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSeconds: number;
};

/** 2020-01-01: one time for every file, so that the bytes do not depend on when the image was built. */
export const epochSeconds = 1_577_836_800;

/** Writes an ext4 file system of `bytes` with what is below `stage`, as the owner of the calling process, no root needed.
 *  Each path of `owners` belongs to whom it says and not to whoever owns it in `stage`; a path that is absent is an error.
 *  Equal inputs and equal e2fsprogs give equal bytes: order, owners, times and identifiers are all fixed. */
export async function makeExt4(options: {
  readonly stage: string;
  readonly owners: readonly Ownership[];
  readonly imagePath: string;
  readonly bytes: number;
  readonly signal?: AbortSignal;
}): Promise<void> {
  const tool = {
    env: { PATH: process.env.PATH, LC_ALL: 'C', E2FSPROGS_FAKE_TIME: String(epochSeconds) },
    timeoutMs: limits.fileSystemTimeoutMs,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
  await run(await requireTool('mke2fs'), mke2fsArgs(options), tool);
  const edit = { ...tool, input: setOwners(options.owners) };
  const { stderr } = await run(await requireTool('debugfs'), ['-w', '-f', '-', options.imagePath], edit);
  // debugfs exits with 0 whatever happened; beside its banner it says something only when a command failed.
  const complaint = stderr.split('\n').find((line) => line.trim() !== '' && !line.startsWith('debugfs '));
  if (complaint !== undefined) throw new ImageError('image-build-failed', `debugfs: ${complaint}`);
}

const fileSystemId = '7a1d3f0e-6d0c-4b53-9f1e-0f2a4c8e6b11';
const blockBytes = 4096;

/** Every feature named, because the defaults are in the building machine's mke2fs.conf. */
const features =
  'none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,huge_file,dir_nlink,extra_isize,metadata_csum';

function mke2fsArgs({
  stage,
  imagePath,
  bytes,
}: {
  readonly stage: string;
  readonly imagePath: string;
  readonly bytes: number;
}): readonly string[] {
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
    ...['-d', stage, imagePath, `${Math.ceil(bytes / 1024)}k`],
  ];
}

/** debugfs commands that set owners and times: `mke2fs -d` copies both from the building machine. */
function setOwners(owners: readonly Ownership[]): string {
  return owners
    .flatMap(({ path, uid, gid, mtimeSeconds }) =>
      [
        `uid ${uid}`,
        `gid ${gid}`,
        ...['atime', 'ctime', 'crtime'].map((field) => `${field} @${epochSeconds}`),
        `mtime @${mtimeSeconds}`,
      ].map((field) => `sif "/${path}" ${field}\n`),
    )
    .join('');
}
