/** Length of an ext4 superblock, which begins as far into its device. */
export const superblockBytes = 1024;

/** How much of its device an ext4 file system uses, by its superblock; null for what is none. Pure.
 *  Source: Linux Documentation/filesystems/ext4/super.rst. */
export const fileSystemBytes = (superblock: Uint8Array): number | null => {
  if (superblock.length < superblockBytes) return null;
  const view = new DataView(superblock.buffer, superblock.byteOffset, superblock.length);
  if (view.getUint16(0x38, true) !== 0xef53) return null;
  const has64Bit = (view.getUint32(0x60, true) & 0x80) !== 0;
  const blocks = view.getUint32(0x04, true) + (has64Bit ? view.getUint32(0x150, true) * 2 ** 32 : 0);
  return blocks * 2 ** (10 + view.getUint32(0x18, true));
};
