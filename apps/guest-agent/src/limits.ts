/** Bounds of the guest agent. Each number carries the reason it has. */
export const limits = {
  /** Bytes of one read of a port; the kernel gives at most a page at a time. */
  readBytes: 64 * 1024,
  /** How often a port is looked at while an answer is expected: a round is five of them. */
  busyPollMs: 5,
  /** And while nothing is: a wait of a quarter second costs nobody anything, and an emulated processor little. */
  idlePollMs: 250,
  /** A TPM signs in half a second, an emulated one on a busy machine in seconds; a host that takes longer does not want to. */
  answerMs: 60_000,
  /** Of that time, how often a simulated processor is asked: its host may have been restarted meanwhile. */
  processorTriesMax: 12,
  /** What the kernel's report files hold: a report, or four pages of certificates. */
  tsmFileBytesMax: 64 * 1024,
  /** Another report between ours and its answer: tried again, so often. */
  tsmTriesMax: 5,
  /** The host says which machine this is as soon as it is asked. */
  bootSpecMs: 60_000,
} as const;
