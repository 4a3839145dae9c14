import { Stop } from '../stop.ts';
import { type Commands, stopWith } from './commands.ts';
import { openByCopy, readHeadOf } from './open-head.ts';

/** A base image that only its owner's key opens, as the signed answer has it. */
export type PrivateImage = {
  readonly headerSha256: string;
  /** 64 bytes. Wiped by who has it. */
  readonly key: Uint8Array;
};

/** Plain bytes to copy: a device, and how many of its bytes. */
export type ImageSource = { readonly device: string; readonly bytes: number };

/** Opens the private image on a verified device, read-only: by a copy of its header in memory, which has our form and the
 *  signed digest. Stops with `image-header-missing`, `image-header-refused`, `image-header-other`, or `image-key`. */
export const openPrivateImage = async (
  commands: Commands,
  verified: ImageSource,
  { headerSha256, key }: PrivateImage,
): Promise<ImageSource> => {
  const terms = { deviceBytes: verified.bytes, integrity: 'none' } as const;
  const { bytes: head, header } = await readHeadOf(verified.device, 'image', terms, headerSha256).catch(unread);
  const open = { device: verified.device, head, key, name: imageName, code: 'image-key', isReadOnly: true };
  await openByCopy(commands, open);
  return { device: `/dev/mapper/${imageName}`, bytes: header.dataBytes };
};

/** Gives the key back to nobody: the kernel forgets it. */
export const closePrivateImage = (commands: Commands): Promise<void> =>
  commands.run('cryptsetup', ['close', imageName]).catch(stopWith('base-refused'));

/** Its tree says otherwise already of the first blocks: the kernel gives an error in place of them. */
const unread = (error: unknown): never => {
  if (error instanceof Stop) throw error;
  const observed = error instanceof Error ? error.message : String(error);
  throw new Stop('base-corrupt', `the head of the private image cannot be read, ${observed}`);
};

const imageName = 'hcc-image';
