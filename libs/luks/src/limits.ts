/** Bounds of reading and writing LUKS2. Each number carries the reason it has. */
export const limits = {
  /** One copy of the header: cryptsetup's default and smallest is 16 KiB, which holds 32 keyslots; we take volumes with one. */
  headerBytesMin: 16 * 1024,
  headerBytesMax: 64 * 1024,
  /** Objects in our metadata nest four deep; a parser is not asked to follow more. */
  jsonDepthMax: 8,
  /** cryptsetup gives the keyslots 16 MiB; with alignment no volume's data begins later than this. */
  dataOffsetBytesMax: 64 * 1024 * 1024,
  /** The least cryptsetup takes. The volume key has 512 random bits, so that this protects nothing that could be guessed. */
  digestIterationsMin: 1_000,
  /** A second of PBKDF2; more is somebody's way to keep a guest busy. */
  digestIterationsMax: 4_000_000,
  saltBytes: 32,
  /** What was observed is quoted in refusals, cut to a line. */
  observedCharsMax: 80,
  /** cryptsetup reads no longer key file by default than 8 MiB; ours are keys, not files used as such. */
  passphraseBytesMax: 64 * 1024,
  /** Encrypted at once, twice in memory: large enough for a disk, small enough that a timer is not late. */
  sliceBytes: 1024 * 1024,
  /** AES is asked for this much at once: it stays in a core's own cache, and a call costs nothing beside it. */
  batchBytes: 128 * 1024,
  /** No disk of a single VM is larger; a wrong unit is. */
  dataBytesMax: 64 * 1024 ** 4,
  /** Decrypted by one call. */
  readBytesMax: 64 * 1024 * 1024,
} as const;

/** What a reader lets a header ask of it before it knows whether the key is right. */
export type Argon2idBounds = {
  readonly memoryKiBMin: number;
  readonly memoryKiBMax: number;
  readonly iterationsMin: number;
  readonly iterationsMax: number;
  readonly cpusMax: number;
};

/** 32 MiB at least, so that a weak passphrase is not made weaker; 1 GiB at most, which is what cryptsetup itself takes. */
export const defaultArgon2idBounds: Argon2idBounds = {
  memoryKiBMin: 32 * 1024,
  memoryKiBMax: 1024 * 1024,
  iterationsMin: 4,
  iterationsMax: 64,
  cpusMax: 4,
};

/** What a private image may ask of the guest that is filled from it: one of 512 MiB, with a Node in it, opens it too. */
export const imageArgon2idBounds: Argon2idBounds = { ...defaultArgon2idBounds, memoryKiBMax: 128 * 1024 };
