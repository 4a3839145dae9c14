/** Bounds of the stores of backups. Each number carries the reason it has. */
export const limits = {
  /** What one piece may have: four times what miners cut volumes into, and the list of a volume of terabytes. */
  chunkBytesMax: 64 * 1024 * 1024,
  /** One piece over a line of a megabit or two. */
  requestMs: 2 * 60_000,
  /** An answer that is no piece: a page of a thousand names is 400 KiB. */
  pageBytesMax: 4 * 1024 * 1024,
  /** Pages of one listing: ten million names, which is 40 TiB of volume. */
  pagesMax: 10_000,
  /** Two short strings as JSON. */
  credentialsBytesMax: 4_096,
} as const;
