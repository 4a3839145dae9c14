/** Bounds of the host's TPM. Each number carries the reason it has. */
export const tpmLimits = {
  /** A real TPM takes up to ten seconds for an RSA primary key; nothing takes longer. */
  commandTimeoutMs: 60_000,
  /** What a tool prints is a few lines; the largest file one writes, an EK certificate, is 4 KiB. */
  outputBytesMax: 64 * 1024,
  fileBytesMax: 16 * 1024,
  /** Work that waits for its turn: quotes of one host come one at a time, a flood is a fault. */
  waitingMax: 32,
  /** Making the keys, their authority and the certificates takes under two seconds; entropy and slow disks more. */
  setupTimeoutMs: 120_000,
  /** swtpm listens within some 20 ms. */
  startTimeoutMs: 10_000,
  stopTimeoutMs: 5_000,
  /** TPM2B_DATA: what a TPM takes as qualifying data. */
  nonceBytesMax: 64,
  /** A credential for an RSA-4096 endorsement key is under 700 bytes. */
  credentialBytesMax: 2_048,
  /** Extends of one call of the tool: a twentieth of what an argument list may hold. */
  extendsAtOnce: 64,
  /** Registers of a PC Client TPM. */
  registers: 24,
  /** Where our attestation keys are kept, clear of the handles the TCG reserves for endorsement keys. */
  firstHandle: 0x8101_0100,
  lastHandle: 0x8101_01ff,
  /** Areas that hold the authorities above endorsement keys: some ten certificates at most are spread over them. */
  issuerAreasMax: 16,
  /** Of these, what a request to a verifier holds; real chains have at most two. */
  issuersMax: 7,
  /** What is kept of swtpm's own words to explain its end. */
  logBytesMax: 4 * 1024,
} as const;
