/** Bounds of what a host measures of itself and reads of its kernel's list. */
export const imaLimits = {
  /** As the verifier has it: a longer entry would be refused there. */
  entryBytesMax: 1024 * 1024,
  templateNameBytesMax: 32,
  /** PATH_MAX without its NUL. */
  pathBytesMax: 4_095,
  /** Files of one program: our own dist and its dependencies are some thousands. */
  filesMax: 50_000,
} as const;
