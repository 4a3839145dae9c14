/** Bounds of the image builder and cache. Each number carries the reason it has. */
export const limits = {
  /** The largest file of a package is the kernel, about 8 MiB; anything much bigger is not what we asked for. */
  memberBytesMax: 64 * 1024 * 1024,
  /** A manifest is 2 to 8 KiB. */
  manifestBytesMax: 64 * 1024,
  /** dropbear needs three libraries beside libc; a longer chain means we read nonsense. */
  libraryCountMax: 64,
  /** A system VM has Node, its seven libraries, and a dozen files of ours. */
  treeEntriesMax: 256,
  /** virtio's drivers form a chain of six. */
  moduleCountMax: 128,
  /** Room for busybox, dropbear, the journal and a first few files; the guest grows it to its own disk. */
  rootfsBytes: 64 * 1024 * 1024,
  /** The guest can grow its disk up to this without moving blocks; costs half a MiB of reserved descriptors. */
  rootfsGrowBytesMax: 1024 ** 4,
  /** mke2fs and debugfs on a full Debian take seconds; a busy machine of two cores takes a minute. */
  fileSystemTimeoutMs: 600_000,
  /** A Debian with Docker and a compiler has 25,000 files. */
  tarMembersMax: 500_000,
  /** Linux ends a path at 4096 bytes; a pax header has two of them and some numbers. */
  tarNameBytesMax: 64 * 1024,
  /** Fetching and configuring a full Debian: half a minute on an idle machine with a near mirror. */
  debianTimeoutMs: 3_600_000,
  /** A day: no build, however slow its machine, is still at work in a directory that was begun before. */
  buildMsMax: 24 * 3_600_000,
  /** mmdebstrap ends its children, which may be in the middle of a package, and then its directory. */
  debianCancelMs: 60_000,
  /** More than anybody types; each is looked up by apt. */
  appsMax: 64,
  /** Free space of a root file system's image beside its content: the journal, inodes, and a first few files. */
  rootfsSlackBytes: 96 * 1024 * 1024,
  /** No image for a single VM is larger; a wrong unit is. */
  rootfsBytesMax: 64 * 1024 ** 3,
  /** A plain Debian needs 1.2 GB while it is built, one with a compiler and Docker 3 GB. */
  debianFreeBytes: 3 * 1024 ** 3,
  /** Larger disks than this are not images but somebody's data. */
  imageBytesMax: 64 * 1024 ** 3,
  /** A distribution's first RAM disk with every driver is 60 MiB. */
  initrdBytesMax: 512 * 1024 * 1024,
  /** QEMU writes three kinds of them. */
  qcowExtensionsMax: 64,
  /** A busy mirror pauses for seconds; a dead connection says nothing for ever. */
  fetchStallMs: 30_000,
  /** Tries without a single new byte; each new byte starts the count again. */
  fetchTriesMax: 4,
  fetchPauseMs: 1_000,
  /** An orchestrator, a mirror or two, a store; more is a mistake. */
  fetchSourcesMax: 16,
  /** Another process of this machine fetches the same image, which is slow and not stuck: it gives up by itself. */
  fetchWaitMs: 12 * 3_600_000,
  /** What S3 takes in one PUT. */
  s3ObjectBytesMax: 5 * 1024 ** 3,
  /** A full Debian's list of packages is 60 KB. */
  packagesBytesMax: 4 * 1024 * 1024,
  /** Mirrors send us on once or twice. */
  redirectsMax: 5,
  /** A line of progress every so much. */
  fetchReportBytes: 16 * 1024 * 1024,
  /** Each so many packages are told of in one line of progress. */
  packagesPerReport: 25,
  /** What was opened so recently may be on its way into a QEMU, which a busy host starts within minutes. */
  cacheRecentMs: 3_600_000,
  /** Images that one miner or home needs: a few for each VM of the largest host. */
  holderDigestsMax: 20_000,
  /** Reads while hashing. */
  hashChunkBytes: 1024 * 1024,
} as const;
