/** Bounds of what the network signs and seals. Each number carries the reason it has. */
export const limits = {
  /** Keys of one VM; the rules of an account allow half of these. */
  authorizedKeysMax: 64,
  /** One line of an authorized_keys file: RSA of 16,384 bits needs 2,800. */
  authorizedKeyCharsMax: 4_096,
  /** All of them: 32 keys of the longest form, or hundreds of common ones. */
  authorizedKeysCharsMax: 128 * 1024,
  /** RFC 1123. */
  hostnameCharsMax: 63,
  dnsServersMax: 3,
  /** Those keys, a volume key, a network configuration. */
  plaintextBytesMax: 136 * 1024,
  /** That plaintext sealed, in base64, with the header around it. */
  messageCharsMax: 192 * 1024,
  /** X-Wing's, the longest there is a suite for: an ML-KEM-768 ciphertext and an X25519 key. */
  encBytesMax: 1_120,
  /** The announcement of a vault's key: an X-Wing key of 1,216 bytes in base64, and the little around it. */
  announcementCharsMax: 4_096,
  /** What whoever asks for one sends along: guessed by nobody, the same twice by nobody. */
  announcementNonceBytes: 32,
  /** X-Wing's has 1,216; a suite of later may have more, and is then refused by its name. */
  publicKeyBytesMax: 2_048,
  /** Ours have 30 characters. */
  suiteCharsMax: 64,
  /** A sealed key has 64 bytes; what is longer up to here is refused by that number. */
  sealedKeyBytesMax: 512,
  /** A challenge of ours has 16 to 64 bytes. */
  nonceBytesMax: 64,
  /** Names of a network, a VM or a boot: ours are UUIDs of 36. */
  idCharsMax: 64,
  /** Cost of the one keyslot: what libs/luks reads without being asked to allow more. */
  argon2: {
    memoryKibMin: 32 * 1024,
    memoryKibMax: 1024 * 1024,
    iterationsMin: 4,
    iterationsMax: 64,
    parallelismMax: 4,
  },
  /** What was observed is quoted in errors, cut to a line. */
  observedCharsMax: 120,
} as const;

/** The passphrase of a volume's one keyslot: 512 random bits. */
export const volumeKeyBytes = 64;
