import type { Cli } from '../cli.ts';
import { usageError } from '../cli-error.ts';
import { readImageKey } from './image-key.ts';
import { luksFailure } from './luks-failure.ts';

/** An encrypted root file system, opened here once to see that guests will. `key`: zeroed by who has it. */
export type PrivateDisk = { readonly headerSha256: string; readonly key: Buffer };

/**
 * Opens a LUKS2 volume with its key file as a guest would: strictly read header, Argon2id that a small guest has the memory
 * for, ext4 inside. Refuses whatever a guest of 512 MiB would stop at, while its owner is here to mend it.
 */
export const openPrivateDisk = async (cli: Cli, path: string, keyFile: string): Promise<PrivateDisk> => {
  const key = await readImageKey(cli, keyFile);
  try {
    const { imageArgon2idBounds, isLuksError, openLuks2Volume } = await import('#luks');
    const options = { path, passphrase: key, argon2idBounds: imageArgon2idBounds };
    const volume = await openLuks2Volume(options).catch((error: unknown) => {
      throw isLuksError(error, 'not-luks') ? notEncrypted(path) : luksFailure(error, { file: path, target: path });
    });
    try {
      const { headerDigest, dataOffsetBytes } = volume.header;
      if (dataOffsetBytes !== guestDataOffsetBytes) throw otherPlace(path, dataOffsetBytes);
      if ((await volume.read(ext4MagicAt, 2)).readUInt16LE(0) !== ext4Magic) throw noRoot(path);
      return { headerSha256: headerDigest, key };
    } finally {
      await volume.close();
    }
  } catch (error) {
    key.fill(0);
    throw error;
  }
};

/** Where the data of the volumes begins that our writer makes, and a guest takes. */
const guestDataOffsetBytes = 1024 * 1024;
/** Where ext2, ext3 and ext4 say what they are. */
const ext4MagicAt = 0x438;
const ext4Magic = 0xef53;

const notEncrypted = (path: string) =>
  usageError('not-encrypted', `${path} is no LUKS volume, and --key-file is of one`, {
    wanted: 'a volume of hcc image encrypt',
    fix: 'hcc image encrypt first, or leave out --key-file for a public image',
  });

const otherPlace = (path: string, observed: number) =>
  usageError('header-refused', `no guest takes ${path}: its data begins elsewhere than hcc image encrypt puts it`, {
    observed: `${observed} bytes`,
    wanted: `${guestDataOffsetBytes} bytes`,
    fix: 'encrypt the disk with hcc image encrypt',
  });

const noRoot = (path: string) =>
  usageError('not-a-root', `what is in ${path} is no ext4 file system from its first byte on`, {
    wanted: 'one root file system, without a partition table',
    fix: 'encrypt the root partition alone: hcc image encrypt',
  });
