/** Bounds of what the TPM parsers take. Each number carries the reason it has. */
export const tpmLimits = {
  /** TPM2B_ATTEST of the largest quote (16 banks, two 64-byte names, 64-byte nonce and digest) is under 600 bytes. */
  attestBytesMax: 2_048,
  /** RSA-4096 with its header is 518 bytes. */
  signatureBytesMax: 1_024,
  /** An RSA-4096 public area with a policy digest, or its SPKI, is under 700 bytes. */
  publicBytesMax: 2_048,
  /** TPML_PCR_SELECTION: no TPM implements more banks. */
  banksMax: 16,
  /** A PC Client TPM has 24 registers; the field could name 2,040. */
  pcrBytesMax: 4,
  /** All registers of all banks at 64 bytes. */
  pcrValuesMax: 16 * 32,
  /** The secret of a credential is at most a digest of the EK's name algorithm; 64 is SHA-512. */
  credentialSecretBytesMax: 64,
  /** Leaf and intermediates between it and a root; real chains have at most four. */
  chainLengthMax: 8,
  /** Boot logs of real machines are 20 to 150 KiB; a full option-ROM and Secure Boot database log stays under this. */
  eventLogBytesMax: 4 * 1024 * 1024,
  eventLogEntriesMax: 20_000,
  /** Azure's runtime data is about 1 KiB. */
  runtimeDataBytesMax: 64 * 1024,
} as const;
