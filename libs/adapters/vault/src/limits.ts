/** Bounds of the vault's directory. Each number carries the reason it has. */
export const limits = {
  /** One key file is some 350 bytes of JSON. */
  fileBytesMax: 4_096,
  /** A key-encryption key is 64 hex digits and a line end; whatever says more says something else. */
  keyTextBytesMax: 256,
  /** A command that asks a key service over a network, and a person's patience at a start. */
  commandMs: 30_000,
  /** Words of an argument array. */
  commandWordsMax: 64,
  commandWordCharsMax: 4_096,
  /** What of a command's complaint is shown. */
  complaintCharsMax: 300,
  /** Programs that have one vault open at once: an orchestrator, and somebody looking at it. */
  openersMax: 64,
} as const;
