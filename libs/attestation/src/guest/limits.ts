/** Bounds of what guests send and are held to. Each number carries the reason it has. */
export const guestLimits = {
  /** X-Wing has 1,216; a larger one is of a suite that this release does not know. */
  keyBytesMax: 4 * 1024,
  /** Ed25519 has some 80 characters; RSA with 4,096 bits some 750. */
  sshHostKeyCharsMax: 1_024,
} as const;
