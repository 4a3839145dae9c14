/** Bounds of what guests send and are held to. Each number carries the reason it has. */
export const guestLimits = {
  /** X-Wing has 1,216; a larger one is of a suite that this release does not know. */
  keyBytesMax: 4 * 1024,
  /** Ed25519 has some 80 characters; RSA with 4,096 bits some 750. */
  sshHostKeyCharsMax: 1_024,
  /** An emulated machine adds some 60 characters. */
  cmdlineExtraCharsMax: 512,
  /** Releases that overlap, each started in several ways. */
  bootsMax: 64,
  /** Firmware, processor model and accelerator of one image: the event that names its launch digests has room for these. */
  waysMax: 8,
  /** A guest asks for its key within a second of its verdict; a verdict that lives longer than minutes is a standing permission. */
  maxAgeMinMs: 1_000,
  maxAgeMaxMs: 10 * 60_000,
} as const;
