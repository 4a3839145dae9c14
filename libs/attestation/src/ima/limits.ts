/** Bounds of the IMA verifier. Each number carries the reason it has. */
export const limits = {
  /** `ima-buf` is the longest template name that is taken; the kernel's own are below 16. */
  templateNameBytesMax: 32,
  /** PATH_MAX with its NUL. */
  pathBytesMax: 4_096,
  /** The kernel's `ima` template cuts names at this many bytes and hashes them padded to one more. */
  oldNameBytesMax: 255,
  /** Algorithm name, colon, NUL and a SHA-512. */
  digestFieldBytesMax: 128,
  /** Signatures are at most 512 bytes (RSA-4096); buffers are certificates, command lines, device-mapper tables. */
  entryBytesMax: 1024 * 1024,
  /** A chunk is taken in pieces of this size, so that what is kept of it never grows with it. */
  pieceBytes: 64 * 1024,
  /** Entries that are hashed to find out how a big-endian kernel hashes: the first one says it, unless it is a violation. */
  formEntriesMax: 16,
  /** Findings of one kind that are kept by name; the rest is counted. */
  findingsMax: 50,
  /** A path in a finding: enough to find the file, short enough for a line on a screen. */
  findingPathMax: 256,
  /** Keys that a list may load on trusted keyrings: a kernel has one or two, and the record keeps as many between rounds. */
  loadedKeysMax: 8,
  /** Of one such key, as the record keeps it: a certificate of RSA-4096 is 2 KiB. */
  loadedKeyBytesMax: 6 * 1024,
  /** The name of its keyring, as the record keeps it. */
  keyringCharsMax: 200,
  /** A certificate for a keyring; more is not one. */
  certificateBytesMax: 16 * 1024,
  /** Trusted keys of one policy. */
  trustedKeysMax: 256,
  /** Verifying one is some 3 ms here, since node:crypto takes no digest: this many are half a minute. */
  ecdsaVerifiesMax: 10_000,
  /** A pattern costs (length of the pattern) x (length of the path) at most. */
  patternCharsMax: 1_024,
  patternsMax: 4_096,
  /** Depth of groups in a pattern: its parser is recursive. */
  patternDepthMax: 32,
  /** Allow lists of whole distributions are 20 MiB: some 200,000 paths. */
  allowedPathsMax: 1_000_000,
  digestsPerPathMax: 256,
} as const;
