/** Bounds of the host layer. Each number carries the reason it has. */
export const limits = {
  /** A child that says nothing useful for this long is hung; apt gets its own, longer limit. */
  commandTimeoutMs: 60_000,
  /** apt-get on a slow line: qemu and its libraries are about 60 MB. */
  aptTimeoutMs: 600_000,
  /** After SIGTERM a child has this long before SIGKILL. */
  commandKillGraceMs: 2_000,
  /** The longest real output we read is apt's package list of one query, well under 1 MiB. */
  commandOutputBytesMax: 8 * 1024 * 1024,
  /** Enough of a failing child's stderr to understand it, short enough for one log line. */
  commandStderrBytesMax: 16 * 1024,
  commandStderrLinesShown: 6,
  /** dpkg's lock is held by another apt run (unattended-upgrades on a fresh machine) for about this long. */
  dpkgLockTimeoutSeconds: 120,
  /** Linux refuses unix socket paths longer than this many bytes (sun_path is 108 with its NUL). */
  socketPathBytesMax: 107,
  /** One QMP line; query-qmp-schema, which we never ask for, would be the only bigger one. */
  qmpLineBytesMax: 1024 * 1024,
  qmpCommandTimeoutMs: 5_000,
  /** A QEMU on a loaded machine binds its sockets well within this; 50-200 ms is usual. */
  qemuStartTimeoutMs: 20_000,
  /** How often a socket that is not there yet, or a process that is not gone yet, is looked at again. */
  pollMs: 25,
  /** A file of a VM's console log; at most two are kept, so a VM's console takes at most twice this of the disk. */
  consoleFileBytesMax: 1024 * 1024,
  /** How long the end of a QEMU waits for the last of its console to be on disk. */
  consoleDrainMs: 2_000,
  /** QEMU's own code, heap, device state and thread stacks: 50-120 MiB measured; above it lies a leak. */
  qemuOwnBytes: 192 * 1024 * 1024,
  /** Page tables and dirty bitmaps of guest memory are charged to it as well: about one byte in 512, twice over. */
  guestBytesPerTableByte: 128,
  /** Code translated by emulation; QEMU's default is up to 1 GiB, which no guest of 256 MiB may cost its host. */
  tcgBufferMebibytes: 256,
  /** Beside a VM's vCPUs, QEMU's own threads (I/O, monitor, console) share this much of a processor. */
  qemuProcessorShare: 0.1,
  /** QEMU's thread pool holds 64, and there are a dozen others; the vCPUs come on top. */
  qemuThreadsMax: 128,
  /** What a vCPU buys of the disk: an ordinary cloud volume, and room for dozens of VMs on one NVMe drive. */
  diskOperationsPerSecondPerCpu: 4_000,
  diskBytesPerSecondPerCpu: 200 * 1024 * 1024,
  /** A host with less free disk should not be given VMs; with less than the second it cannot even log. */
  diskFreeBytesWanted: 5 * 1024 ** 3,
  diskFreeBytesMin: 512 * 1024 ** 2,
  /** The smallest VM, QEMU's share of it, and room for the agent. */
  memoryFreeBytesWanted: 1024 ** 3,
  /** Each VM holds about ten files and sockets of the agent; a hundred VMs are a full host. */
  openFilesWanted: 1_024,
  /** What Linux since 5.18 always says once it has seeded itself. */
  entropyBitsWanted: 256,
  /** Certificates and tokens allow for seconds; HTTP dates are only good to one. */
  clockSkewMsWanted: 2_000,
  /** Beyond this, credentials are refused as too new or too old. */
  clockSkewMsMax: 30_000,
  /** One look at a server: a person waits for it. */
  networkCheckMs: 3_000,
  /** Servers of a cluster that are tried before the bus counts as unreachable. */
  serversCheckedMax: 5,
  /** All VMs of a host weigh this many tasks per processor against what else runs there: they are what the host is for,
   *  and whatever else runs, such as their agent, still gets a fifth. */
  vmsWeightPerProcessor: 4,
  /** A control group is gone once its last process was collected; a kernel that takes longer is stuck. */
  cgroupRemoveMs: 2_000,
  /** The longest kernel file we read (memory.stat, mountinfo of a container host) is far below this. */
  kernelFileBytesMax: 256 * 1024,
  /** A guest that is still booting misses the first press; a held one is pressed about as often by people. */
  powerButtonEveryMs: 2_000,
  /** quit takes about 0.3 s; a disk that hangs takes for ever. */
  qemuQuitMs: 5_000,
  /** What is read of QEMU's own log to explain a death at start. */
  qemuLogTailBytesMax: 8 * 1024,
  /** Firmware, kernels and first RAM disks whose digests are remembered: a host starts from a handful, a hundred bytes each. */
  launchFilesKnownMax: 32,
  /** A guest is not trusted: one line of its port is never longer than this. */
  guestLineBytesMax: 16 * 1024,
  /** A guest sends two or three lines per boot and one per question; a flood costs it the connection. */
  guestLinesPerSecondMax: 50,
  /** How long until the host connects again to a port that went away. */
  guestReconnectMs: 200,
  /** A guest that broke a limit is not listened to for this long. */
  guestPenaltyMs: 10_000,
  /** How often the host asks a guest that has not said anything yet. */
  guestAskMs: 2_000,
  /** OpenSSH public keys are at most about 1.4 KiB (RSA 8192). */
  guestHostKeyBytesMax: 2_048,
  /** What one welcome may carry: base64 of this many bytes still fits one line. */
  authorizedKeysBytesMax: 8 * 1024,
  /** A build holds its lock for well under a minute; a dead builder's lock is taken over at once. */
  lockTimeoutMs: 600_000,
} as const;
