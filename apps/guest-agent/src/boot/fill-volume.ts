import { open } from 'node:fs/promises';
import type { SectorIntegrity } from '#luks';
import { wipe } from '#sealing';
import { Stop } from '../stop.ts';
import { type Commands, stopWith } from './commands.ts';
import { findDisk, volumeBytes, volumeDevice } from './disks.ts';
import { writeAll } from './durable-file.ts';
import type { VerifiedBase } from './kernel-line.ts';
import { limits } from './limits.ts';
import { closePrivateImage, type ImageSource, openPrivateImage, type PrivateImage } from './private-image.ts';

/** Copies the base image into the open volume, every block checked against the measured root hash as it is read; of a private
 *  one what its key makes of them, opened read-only and closed again. Stops with `base-refused` when the tree does not open,
 *  `base-corrupt` at the first block that is not what was measured, `volume-small` when it does not fit, and as
 *  {@link openPrivateImage} does. */
export const fillVolume = async (
  commands: Commands,
  base: VerifiedBase,
  integrity: SectorIntegrity,
  image: PrivateImage | null,
): Promise<void> => {
  const [data, tree] = [await findDisk('hcc-base'), await findDisk('hcc-tree')];
  const args = ['open', ...verityArgs(base), data, 'hcc-base', tree, base.rootHash];
  await commands.run('veritysetup', args).catch(stopWith('base-refused'));
  const verified = { device: baseDevice, bytes: base.dataBlocks * verityBlockBytes };
  const source = image === null ? verified : await openPrivateImage(commands, verified, image);
  await copy(source);
  if (image !== null) await closePrivateImage(commands);
  await commands.run('veritysetup', ['close', 'hcc-base']).catch(stopWith('base-refused'));
  if (integrity !== 'none') await writeGroupHeads(source.bytes);
};

const baseDevice = '/dev/mapper/hcc-base';
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

const copy = async ({ device, bytes }: ImageSource): Promise<void> => {
  const [from, to] = [await open(device, 'r'), await open(volumeDevice, 'r+')];
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

/** Writes zeros where whoever grows ext4 reads what nobody wrote: at the beginning of each of its block groups, where the
 *  bitmaps of the new ones will be, and in the last block, which it looks for. */
const writeGroupHeads = async (from: number): Promise<void> => {
  const total = await volumeBytes();
  const to = await open(volumeDevice, 'r+');
  const zeros = new Uint8Array(limits.groupHeadBytes);
  try {
    for (let at = Math.ceil(from / groupBytes) * groupBytes; at < total; at += groupBytes) {
      await writeAll(to, zeros.subarray(0, total - at), at);
    }
    await writeAll(to, zeros.subarray(0, verityBlockBytes), total - verityBlockBytes);
    await to.sync();
  } finally {
    await to.close();
  }
};

/** A block group of ext4 with blocks of 4 KiB: as many as one of them has bits. */
const groupBytes = 128 * 1024 * 1024;

const corrupt = (at: number, error: unknown): never => {
  throw new Stop('base-corrupt', `the base image from byte ${at} on is not what was measured: ${String(error)}`);
};

const tooSmall = (at: number, error: unknown): never => {
  throw new Stop('volume-small', `the volume takes nothing at byte ${at}: ${String(error)}`);
};
