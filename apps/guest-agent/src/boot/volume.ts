import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import type { SectorIntegrity } from '#luks';
import { wipe } from '#sealing';
import { Stop } from '../stop.ts';
import { CommandFailed, type Commands } from './commands.ts';
import { deviceBytes, findDisk } from './disks.ts';
import { readHead, type VolumeHead } from './header.ts';
import type { VerifiedBase } from './kernel-line.ts';
import { limits } from './limits.ts';

/** Where the opened volume's plain sectors are. */
export const volumeDevice = '/dev/mapper/hcc-volume';
const baseDevice = '/dev/mapper/hcc-base';
/** In memory only; overwritten and removed as soon as it was used. */
const headPath = '/run/hcc-volume-head';

export type Argon2 = { readonly memoryKib: number; readonly iterations: number; readonly parallelism: number };

/** Opens the volume by the header with this digest, and by no other: its first bytes are read once, checked, and opened from
 *  that copy. Wipes nothing of the caller's. Stops with `header-missing`, `header-refused`, `header-other`, `volume-key`. */
export const unlockVolume = async (
  commands: Commands,
  key: Uint8Array,
  headerSha256: string,
  integrity: SectorIntegrity,
): Promise<VolumeHead> => {
  const disk = await findDisk('hcc-volume');
  const head = await readOnce(disk, headerSha256, integrity);
  await openByCopy(commands, disk, head.bytes, key);
  return head;
};

/** Makes a new volume of the disk, whatever is on it, and opens it. Its header is made in memory and is never read back: the
 *  disk gets it last, by `writeHead`, once there is something to open. */
export const formatVolume = async (
  commands: Commands,
  key: Uint8Array,
  argon2: Argon2,
  integrity: SectorIntegrity,
): Promise<VolumeHead> => {
  const disk = await findDisk('hcc-volume');
  await withHeadFile(new Uint8Array(limits.headBytes), async () => {
    await run(commands, 'volume-format', ['luksFormat', ...formatArgs(argon2), ...tagArgs[integrity], disk], key);
  });
  const made = await takeHeadFile();
  const head = readHead(made, { deviceBytes: await deviceBytes(disk), integrity }, null);
  await openByCopy(commands, disk, head.bytes, key);
  return head;
};

/** Puts the header of a volume that was just made onto its disk, durably. */
export const writeHead = async (head: VolumeHead): Promise<void> => {
  const file = await open(await findDisk('hcc-volume'), constants.O_WRONLY | constants.O_DSYNC);
  try {
    await writeAll(file, head.bytes, 0);
    await file.sync();
  } finally {
    await file.close();
  }
};

/** Copies the base image into the open volume, every block checked against the measured root hash as it is read. Stops with
 *  `base-refused` when the tree does not open, `base-corrupt` at the first block that is not what was measured,
 *  `volume-small` when it does not fit. */
export const fillVolume = async (commands: Commands, base: VerifiedBase): Promise<void> => {
  const [data, tree] = [await findDisk('hcc-base'), await findDisk('hcc-tree')];
  const args = ['open', ...verityArgs(base), data, 'hcc-base', tree, base.rootHash];
  await commands.run('veritysetup', args).catch(stopWith('base-refused'));
  await copy(base.dataBlocks * verityBlockBytes);
  await commands.run('veritysetup', ['close', 'hcc-base']).catch(stopWith('base-refused'));
};

/** Mounts the open volume and lets its file system have all of it. Stops with `mount-failed`. */
export const mountVolume = async (commands: Commands, at: string): Promise<void> => {
  await mkdir(at, { recursive: true });
  const mount = ['-t', 'ext4', '-o', 'rw,noatime', volumeDevice, at];
  await commands.run('mount', mount).catch(stopWith('mount-failed'));
  await commands.run('resize2fs', [volumeDevice]).catch(stopWith('resize-failed'));
};

const verityBlockBytes = 4096;

/** All of it is measured: nothing is taken from a superblock that the host could write. */
const verityArgs = ({ salt, dataBlocks }: VerifiedBase): readonly string[] => [
  // Zeros whose hash is in the tree need not be read to be known: most of an image is none of its files.
  ...[
    '--ignore-zero-blocks',
    '--no-superblock',
    '--format=1',
    '--hash=sha256',
    '--data-block-size=4096',
    '--hash-block-size=4096',
  ],
  ...[`--data-blocks=${dataBlocks}`, `--salt=${salt === '' ? '-' : salt}`],
];

/** The two forms that libs/luks reads. The key is 512 random bits; what Argon2id costs is in the signed answer. */
const formatArgs = ({ memoryKib, iterations, parallelism }: Argon2): readonly string[] => [
  ...['--batch-mode', '--type', 'luks2', '--header', headPath, '--key-file', '-', '--keyfile-size', '64'],
  ...['--cipher', 'aes-xts-plain64', '--key-size', '512', '--sector-size', '4096', '--use-urandom'],
  ...['--luks2-metadata-size', '16k', '--offset', String(limits.headBytes / 512)],
  ...['--pbkdf', 'argon2id', '--pbkdf-force-iterations', String(iterations)],
  ...['--pbkdf-memory', String(memoryKib), '--pbkdf-parallel', String(parallelism)],
];

/** Tags are written with their sectors, never before: what was never written cannot be read, which is an error where a
 *  volume without tags gives noise. A file system reads nothing that it did not write, and to write the whole disk once
 *  would take minutes and its host's room. */
const tagArgs: Readonly<Record<SectorIntegrity, readonly string[]>> = {
  none: ['--luks2-keyslots-size', '256k'],
  'hmac-sha256': ['--luks2-keyslots-size', '512k', '--integrity', 'hmac-sha256', '--integrity-no-wipe'],
};

const openByCopy = (commands: Commands, disk: string, head: Uint8Array, key: Uint8Array): Promise<void> =>
  withHeadFile(head, async () => {
    const how = ['open', '--type', 'luks2', '--header', headPath, '--key-file', '-', '--keyfile-size', '64'];
    await run(commands, 'volume-key', [...how, disk, 'hcc-volume'], key);
    await takeHeadFile();
  });

const run = (commands: Commands, code: string, args: readonly string[], key: Uint8Array): Promise<void> =>
  commands.run('cryptsetup', args, key).catch(stopWith(code));

const readOnce = async (disk: string, headerSha256: string, integrity: SectorIntegrity): Promise<VolumeHead> => {
  const file = await open(disk, 'r');
  try {
    const bytes = new Uint8Array(limits.headBytes);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    const terms = { deviceBytes: await deviceBytes(disk), integrity };
    return readHead(bytes.subarray(0, bytesRead), terms, headerSha256);
  } finally {
    await file.close();
  }
};

const withHeadFile = async (head: Uint8Array, use: () => Promise<void>): Promise<void> => {
  const file = await open(headPath, 'wx', 0o600);
  try {
    await writeAll(file, head, 0);
  } finally {
    await file.close();
  }
  await use();
};

const takeHeadFile = async (): Promise<Uint8Array> => {
  const file = await open(headPath, 'r+');
  const bytes = new Uint8Array(limits.headBytes);
  try {
    await file.read(bytes, 0, bytes.length, 0);
    await writeAll(file, new Uint8Array(bytes.length), 0);
  } finally {
    await file.close();
    await rm(headPath, { force: true });
  }
  return bytes;
};

const copy = async (bytes: number): Promise<void> => {
  const [from, to] = [await open(baseDevice, 'r'), await open(volumeDevice, 'r+')];
  const buffer = new Uint8Array(limits.fillBytes);
  try {
    for (let at = 0; at < bytes; ) {
      const wanted = Math.min(buffer.length, bytes - at);
      const { bytesRead } = await from.read(buffer, 0, wanted, at).catch((error: unknown) => corrupt(at, error));
      if (bytesRead === 0) throw new Stop('base-corrupt', `the base image ends at ${at} bytes, wanted ${bytes}`);
      await writeAll(to, buffer.subarray(0, bytesRead), at).catch((error: unknown) => tooSmall(at, error));
      at += bytesRead;
    }
    await to.sync();
  } finally {
    wipe(buffer);
    await from.close();
    await to.close();
  }
};

const writeAll = async (file: FileHandle, bytes: Uint8Array, from: number): Promise<void> => {
  for (let at = 0; at < bytes.length; ) {
    at += (await file.write(bytes, at, bytes.length - at, from + at)).bytesWritten;
  }
};

const corrupt = (at: number, error: unknown): never => {
  throw new Stop('base-corrupt', `the base image from byte ${at} on is not what was measured: ${String(error)}`);
};

const tooSmall = (at: number, error: unknown): never => {
  throw new Stop('volume-small', `the volume takes nothing at byte ${at}: ${String(error)}`);
};

const stopWith =
  (code: string) =>
  (error: unknown): never => {
    if (!(error instanceof CommandFailed)) throw error;
    throw new Stop(code, error.message);
  };
