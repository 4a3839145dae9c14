import { closeSync, constants, mkdirSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { SectorIntegrity } from '#luks';
import { type Commands, stopWith } from './commands.ts';
import { deviceBytes, findDisk, volumeBytes, volumeDevice } from './disks.ts';
import { writeAll } from './durable-file.ts';
import { fileSystemBytes, superblockBytes } from './ext4-size.ts';
import { type SeenHead, seeHead, takeHead, type VolumeHead } from './header.ts';
import { limits } from './limits.ts';
import { headPath, openByCopy, seeHeadOf, takeHeadFile, withHeadFile } from './open-head.ts';

export type Argon2 = { readonly memoryKib: number; readonly iterations: number; readonly parallelism: number };

/** What was found on the volume's disk, each byte read once: which disk, and its head. */
export type Found = { readonly disk: string; readonly head: SeenHead };

/** Looks for the volume and at its head. Nothing follows from it but a copy of those bytes: whoever has no use for them, or
 *  never asks, is told of no failure. Stops with `disk-missing`. */
export const findVolume = (integrity: SectorIntegrity): Promise<Found> => {
  const look = async (): Promise<Found> => {
    const disk = await findDisk('hcc-volume');
    return { disk, head: seeHeadOf(disk, 'volume', { deviceBytes: deviceBytes(disk), integrity }) };
  };
  const found = look();
  found.catch(() => undefined);
  return found;
};

/** Opens the volume by the header with this digest, and by no other: its first bytes were read once, are checked, and it is
 *  opened from that copy. Wipes nothing of the caller's. Stops with `header-missing`, `header-refused`, `header-other`, `volume-key`. */
export const unlockVolume = async (
  commands: Commands,
  key: Uint8Array,
  headerSha256: string,
  found: Found,
): Promise<VolumeHead> => {
  const head = takeHead(found.head, headerSha256);
  await openByCopy(commands, { ...opened, device: found.disk, head: head.bytes, key });
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
  await withHeadFile(new Uint8Array(limits.headBytes), headPath, async () => {
    await run(commands, 'volume-format', ['luksFormat', ...formatArgs(argon2), ...tagArgs[integrity], disk], key);
  });
  const head = takeHead(seeHead(takeHeadFile(), { deviceBytes: deviceBytes(disk), integrity }, 'volume'), null);
  await openByCopy(commands, { ...opened, device: disk, head: head.bytes, key });
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

/** Mounts the open volume and lets its file system have all of it, also where a growth was cut off. Stops with `mount-failed`
 *  and `resize-failed`. */
export const mountVolume = async (commands: Commands, at: string): Promise<void> => {
  mkdirSync(at, { recursive: true });
  const mount = ['-t', 'ext4', '-o', 'rw,noatime', volumeDevice, at];
  const before = usedBytes();
  await commands.run('mount', mount).catch(stopWith('mount-failed'));
  if (usedBytes() !== before) {
    // The journal knew of groups that a growth had added. The kernel counts its groups before it replays the journal and not
    // after: it would use none of the new ones, and crash as it adds more.
    await commands.run('umount', [at]).catch(stopWith('mount-failed'));
    await commands.run('mount', mount).catch(stopWith('mount-failed'));
  }
  // At all boots but the first and those after a resize it has.
  if (usedBytes() === volumeBytes()) return;
  await commands.run('resize2fs', [volumeDevice]).catch(stopWith('resize-failed'));
};

/** How much of the open volume its file system uses, as its superblock is now. */
const usedBytes = (): number | null => {
  const file = openSync(volumeDevice, 'r');
  try {
    const superblock = new Uint8Array(superblockBytes);
    readSync(file, superblock, 0, superblock.length, superblockBytes);
    return fileSystemBytes(superblock);
  } finally {
    closeSync(file);
  }
};

const opened = { name: 'hcc-volume', code: 'volume-key' } as const;

/** The two forms that libs/luks reads. The key is 512 random bits; what Argon2id costs is in the signed answer. */
const formatArgs = ({ memoryKib, iterations, parallelism }: Argon2): readonly string[] => [
  ...['--batch-mode', '--type', 'luks2', '--header', headPath, '--key-file', '-', '--keyfile-size', '64'],
  ...['--cipher', 'aes-xts-plain64', '--key-size', '512', '--sector-size', '4096', '--use-urandom'],
  ...['--luks2-metadata-size', '16k', '--offset', String(limits.headBytes / 512)],
  ...['--pbkdf', 'argon2id', '--pbkdf-force-iterations', String(iterations)],
  ...['--pbkdf-memory', String(memoryKib), '--pbkdf-parallel', String(parallelism)],
];

/** Tags are written with their sectors, never before: what was never written cannot be read, which is an error where a
 *  volume without tags gives noise. A file system reads little that it did not write, which `fillVolume` writes; to write the
 *  whole disk once would take minutes and its host's room. */
const tagArgs: Readonly<Record<SectorIntegrity, readonly string[]>> = {
  none: ['--luks2-keyslots-size', '256k'],
  'hmac-sha256': ['--luks2-keyslots-size', '512k', '--integrity', 'hmac-sha256', '--integrity-no-wipe'],
};

const run = (commands: Commands, code: string, args: readonly string[], key: Uint8Array): Promise<void> =>
  commands.run('cryptsetup', args, key).catch(stopWith(code));
