/** Bounds of the guest agent of owners' VMs. Each number carries the reason it has. */
export const limits = {
  /** How often the port is looked at while a boot waits for an answer: four to six of them come in a boot. */
  busyPollMs: 5,
  /** And while the VM runs: keys may be a second late, and an idle machine stays idle. */
  idlePollMs: 1_000,
  /** Messages heard while one of ours waits for room: an honest host says one or two by then, and a page of noise is 700. */
  unreadMax: 1_024,
  /** An unanswered question is asked again: the host may have been restarted with it in its hands. */
  askAgainMs: 1_000,
  /** A host that takes long is not helped by hearing it more often. */
  askAgainMsMax: 5_000,
  /** Between two tries that the network asked for, whatever it says. */
  retryMsMin: 250,
  /** A result is good for a minute at the orchestrator; an older one is not worth showing. */
  resultAgeMsMax: 40_000,
  /** Whoever runs this VM is told again that it is ready, in case nobody heard. */
  readyAgainMs: 60_000,
  /** The first bytes of a volume, up to where its data begins: two copies of the header and the one keyslot. */
  headBytes: 1024 * 1024,
  /** Read from the base and written to the volume at once: two such buffers are no burden on 512 MiB. */
  fillBytes: 4 * 1024 * 1024,
  /** Of each block group, where volumes have tags: copies of the superblock and its table (1,026 blocks at most) and the
   *  bitmaps of 16 groups, with room. A twentieth of the volume. */
  groupHeadBytes: 6 * 1024 * 1024,
  /** Disks appear as their driver finds them; a busy host needs a moment. */
  diskWaitMs: 10_000,
  /** Argon2id of 1 GiB under emulation takes half a minute; a resize of a large file system some minutes. */
  commandMs: 10 * 60_000,
  commandOutputBytes: 16 * 1024,
  /** A counter is a decimal number of at most 15 digits and a line feed. */
  counterBytes: 16,
  /** An SSH server starts in seconds, systemd's under emulation in ten. */
  sshWaitMs: 5 * 60_000,
  sshPollMs: 50,
} as const;
