/** Bounds of the image builder and cache. Each number carries the reason it has. */
export const limits = {
  /** The largest file of a package is the kernel, about 8 MiB; anything much bigger is not what we asked for. */
  memberBytesMax: 64 * 1024 * 1024,
  /** A manifest is about 2 KiB. */
  manifestBytesMax: 64 * 1024,
  /** dropbear needs three libraries beside libc; a longer chain means we read nonsense. */
  libraryCountMax: 64,
  /** virtio's drivers form a chain of six. */
  moduleCountMax: 128,
  /** Room for busybox, dropbear, the journal and a first few files; the guest grows it to its own disk. */
  rootfsBytes: 64 * 1024 * 1024,
  /** The guest can grow its disk up to this without moving blocks; costs half a MiB of reserved descriptors. */
  rootfsGrowBytesMax: 1024 ** 4,
  /** Reads while hashing. */
  hashChunkBytes: 1024 * 1024,
} as const;
