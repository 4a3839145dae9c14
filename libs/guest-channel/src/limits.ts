/** Bounds of the channel between a guest and its host. Each number carries the reason it has. */
export const limits = {
  /** A report with its certificates is 10 KiB, a part of a measurement list half of this; nothing honest is longer. */
  frameBytesMax: 1024 * 1024,
  /** A part of a measurement list: base64 makes it a third longer, and the frame has other fields. */
  listPartBytesMax: 512 * 1024,
  /** A boot spec is 300 bytes. */
  bootSpecBytesMax: 4_096,
  /** TPMS_ATTEST of a quote is about 150 bytes; TPM 2.0 Part 2 bounds the structure by 2,304. */
  attestBytesMax: 4_096,
  /** The largest report version is 1,184 bytes. */
  reportBytesMax: 4_096,
  /** Three certificates of 1.5 KiB; what a kernel gives is at most four pages. */
  certificatesBytesMax: 16 * 1024,
  /** Files of one miner's program. */
  bundleFilesMax: 4_096,
  pathCharsMax: 512,
  /** A sentence or two for a person. */
  wordsCharsMax: 1_024,
  /** Parts of a list in one exchange: 64 MiB in all, what a verifier keeps of it. */
  listPartsMax: 128,
  /** Evidence with its certificates is 30 KiB of text, a sealed answer with 32 SSH keys in base64 twice over is the longest. */
  bodyCharsMax: 512 * 1024,
  /** Whoever has to wait longer than this asks and is told again. */
  retryMsMax: 10 * 60_000,
} as const;
